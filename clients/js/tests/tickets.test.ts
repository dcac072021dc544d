import { beforeEach, describe, expect, test } from "vitest";
import { TapecastError } from "../src/errors.js";
import { clock, errors, open, setUp, transport } from "./opened.js";

beforeEach(setUp);

/** Seconds in which the newest stream is heard. */
async function beats(count: number): Promise<void> {
  for (let beat = 0; beat < count; beat += 1) {
    await clock.pass(1_000);
    transport.last.heartbeat();
  }
}

describe("tickets", () => {
  test("go into the URL and are asked for once", async () => {
    let asked = 0;
    const client = await open({ ticket: async () => `t/${++asked}` });
    expect(transport.last.query.ticket).toBe("t/1");
    transport.last.hello();
    client.add("MSFT");
    await clock.pass(50);
    expect(transport.last.query).toMatchObject({ prices: "AAPL,MSFT", ticket: "t/1" });
    expect(asked).toBe(1);
  });

  test("are replaced before they expire, while the old stream runs", async () => {
    const life = (exp: number) => `x.${btoa(JSON.stringify({ iat: 5_000, exp: 5_000 + exp }))}.x`;
    let asked = 0;
    const client = await open({ ticket: () => life(100 + ++asked) });
    transport.last.hello();
    await beats(90);
    expect(asked).toBe(1);
    await clock.pass(2_000);
    expect(transport.running.map(({ query }) => query.ticket)).toEqual([life(101), life(102)]);
    transport.last.hello();
    expect(transport.running.map(({ query }) => query.ticket)).toEqual([life(102)]);
    await beats(60);
    expect([asked, client.connection.state]).toEqual([2, "open"]);
    expect(errors).toEqual([]);
  });

  test("whose renewal fails leave the old stream, and are asked for again", async () => {
    let asked = 0;
    const client = await open({
      ticket: () => {
        asked += 1;
        if (asked === 2) throw new Error("away");
        return `x.${btoa(JSON.stringify({ iat: 0, exp: 60 }))}.x`;
      },
    });
    transport.last.hello();
    await beats(56);
    expect(errors.map(({ code }) => code)).toEqual(["ticket_failed"]);
    expect(client.connection.state).toBe("open");
    await beats(12);
    expect(asked).toBe(3);
    expect([client.connection.state, transport.running.length]).toEqual(["open", 1]);
  });

  test("that have expired are replaced at once", async () => {
    let asked = 0;
    const client = await open({ ticket: () => `t${++asked}` });
    transport.last.hello();
    for (let beat = 0; beat < 4; beat += 1) {
      await clock.pass(5_000);
      transport.last.heartbeat();
    }
    transport.last.bye("ticket_expired");
    transport.last.sink.lost();
    expect(client.connection.state).toBe("reconnecting");
    await clock.pass(0);
    expect(transport.running.map(({ query }) => query.ticket)).toEqual(["t2"]);
    expect(errors).toEqual([]);
  });

  test.each(["lost", "end"] as const)(
    "that live for a moment are replaced every ten seconds: %s",
    async (way) => {
      let asked = 0;
      const client = await open({ ticket: () => `t${++asked}` });
      for (const ticket of ["t1", "t2", "t3"]) {
        expect(transport.last.query.ticket).toBe(ticket);
        transport.last.hello();
        await clock.pass(4_000);
        transport.last.bye("ticket_expired");
        transport.last.sink[way]({});
        expect(client.connection).toMatchObject({ state: "reconnecting", reason: "ticket_expired" });
        await clock.pass(5_700);
        expect(transport.running).toEqual([]);
        await clock.pass(400);
      }
      expect(errors).toEqual([]);
    },
  );

  test("that are refused at once are not asked for again and again", async () => {
    let asked = 0;
    const client = await open({ ticket: () => `t${++asked}` });
    const refuse = () =>
      transport.last.sink.end({
        error: new TapecastError("unauthorized", "no", { status: 401, lasting: true }),
      });
    refuse();
    expect(client.connection.state).toBe("refused");
    client.add("MSFT");
    client.add("NVDA");
    await clock.pass(9_000);
    expect(asked).toBe(1);
    await clock.pass(1_100);
    expect(asked).toBe(2);
    refuse();
    await clock.pass(59_000);
    expect(asked).toBe(2);
    await clock.pass(10_000);
    expect(asked).toBe(3);
    transport.last.hello();
    expect(client.connection.state).toBe("open");
  });

  test("of a fixed kind end in a refusal with the server's words", async () => {
    const client = await open({ ticket: "fixed" });
    transport.last.hello();
    transport.last.bye("ticket_expired");
    transport.last.sink.lost();
    expect(client.connection).toMatchObject({ state: "refused", reason: "ticket_expired" });
    expect(errors[0]?.message).toBe("the server says ticket_expired");
    expect(transport.running).toEqual([]);
  });

  test("whose function fails are asked for again, not sooner than the floor allows", async () => {
    let asked = 0;
    await open({
      ticket: () => {
        asked += 1;
        throw new Error("log in first");
      },
    });
    expect(errors[0]).toMatchObject({ code: "ticket_failed", message: "no ticket: log in first" });
    await clock.pass(9_900);
    expect(asked).toBe(1);
    await clock.pass(2_000);
    expect(asked).toBe(2);
    expect(transport.streams).toEqual([]);
  });

  test("whose function never answers are given up", async () => {
    await open({ ticket: () => new Promise(() => {}) });
    await clock.pass(21_000);
    expect(errors[0]?.code).toBe("ticket_failed");
  });

  test("that are late open what is wanted by then", async () => {
    let answer = (_: string) => {};
    const client = await open({
      ticket: () =>
        new Promise<string>((resolve) => {
          answer = resolve;
        }),
    });
    client.add("MSFT");
    await clock.pass(100);
    answer("late");
    await clock.pass(0);
    expect(transport.streams.map(({ query }) => query)).toEqual([{ prices: "AAPL,MSFT", ticket: "late" }]);
  });
});
