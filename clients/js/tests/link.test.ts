import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { TapecastClient } from "../src/client.js";
import type { Connection } from "../src/connection.js";
import { TapecastError } from "../src/errors.js";
import type { ConnectOptions } from "../src/options.js";
import { FakeTransport, TestClock } from "./fakes.js";

let clock: TestClock;
let transport: FakeTransport;
let connections: Connection[];
let errors: TapecastError[];

beforeEach(() => {
  clock = new TestClock();
  transport = new FakeTransport(clock);
  connections = [];
  errors = [];
});

afterEach(() => vi.unstubAllGlobals());

async function open(options: Partial<ConnectOptions> = {}): Promise<TapecastClient> {
  const client = new TapecastClient({ url: "http://test/", symbols: ["AAPL"], transport, clock, ...options });
  client.on("connection", (connection) => connections.push(connection));
  client.on("error", (error) => errors.push(error));
  await clock.pass(50);
  return client;
}

const states = () => connections.map(({ state }) => state);

describe("opening", () => {
  test("asks for all that is wanted, once", async () => {
    await open({
      symbols: [" msft", "AAPL", "aapl", "btc/usd"],
      positions: true,
      status: true,
      interval: 250,
    });
    expect(transport.streams.map(({ url }) => url)).toEqual([
      "http://test/stream?prices=AAPL,BTC%2FUSD,MSFT&positions&status&interval=250",
    ]);
  });

  test("opens nothing while nothing is wanted", async () => {
    const client = await open({ symbols: [] });
    expect(transport.streams).toEqual([]);
    expect(client.connection.state).toBe("idle");
    client.add("AAPL");
    await clock.pass(50);
    expect(client.connection.state).toBe("connecting");
    client.remove("AAPL");
    expect(client.connection.state).toBe("idle");
    expect(transport.running).toEqual([]);
    expect(clock.timers).toBe(0);
  });

  test("is open when the server says hello, not before", async () => {
    const client = await open();
    expect(client.connection.state).toBe("connecting");
    transport.last.hello();
    expect(client.connection.state).toBe("open");
  });

  test("ends for good on close", async () => {
    const client = await open();
    transport.last.hello();
    client.close();
    client.add("MSFT");
    await clock.pass(100_000);
    expect(transport.streams).toHaveLength(1);
    expect(transport.running).toEqual([]);
    expect(client.connection.state).toBe("closed");
    expect(clock.timers).toBe(0);
  });
});

describe("a page that acts in a handler", () => {
  const refuse = () =>
    transport.last.sink.end({ error: new TapecastError("forbidden", "no", { status: 403, lasting: true }) });

  test.each(["error", "connection", "symbol"] as const)("may close there: %s", async (name) => {
    const client = await open();
    transport.last.hello();
    transport.last.live("AAPL", 1, 1);
    client.on(name, () => client.close());
    refuse();
    await clock.pass(200_000);
    expect(client.connection.state).toBe("closed");
    expect(transport.streams).toHaveLength(1);
    expect(clock.timers).toBe(0);
  });

  test("may close there: hello", async () => {
    const client = await open();
    client.on("hello", () => client.close());
    transport.last.hello();
    await clock.pass(200_000);
    expect(transport.running).toEqual([]);
    expect(clock.timers).toBe(0);
  });

  test("may want something else there", async () => {
    const client = await open();
    client.on("error", () => client.add("MSFT"));
    refuse();
    await clock.pass(50);
    expect(transport.last.query.prices).toBe("AAPL,MSFT");
  });
});

describe("another set of symbols", () => {
  test("opens beside the old stream, which ends when the new one is heard", async () => {
    const client = await open();
    const first = transport.last;
    first.hello();
    first.live("AAPL", 100, 1);
    client.add("MSFT");
    client.add("NVDA", "SPY");
    await clock.pass(49);
    expect(transport.streams).toHaveLength(1);
    await clock.pass(1);
    const second = transport.last;
    expect(second.query.prices).toBe("AAPL,MSFT,NVDA,SPY");
    first.tick("AAPL", 101, 2);
    expect(client.ticks.get("AAPL")?.price).toBe(101);
    expect(first.isClosed).toBe(false);
    second.hello();
    expect(first.isClosed).toBe(true);
    expect(client.ticks.get("AAPL")?.price).toBe(101);
    expect(client.states.get("AAPL")?.state).toBe("live");
    expect(states()).toEqual(["connecting", "open"].slice(1));
  });

  test("opens nothing if it is the old set again", async () => {
    const client = await open();
    transport.last.hello();
    client.add("MSFT");
    client.remove("MSFT");
    await clock.pass(10_000);
    expect(transport.streams).toHaveLength(1);
  });

  test("lets the old stream go if the new one is not heard: it may hold the last connection", async () => {
    const client = await open();
    const first = transport.last;
    first.hello();
    first.live("AAPL", 100, 1);
    client.add("MSFT");
    await clock.pass(50);
    await clock.pass(3_001);
    expect(first.isClosed).toBe(true);
    expect(transport.running).toEqual([transport.last]);
    expect(client.states.get("AAPL")).toEqual({ symbol: "AAPL", state: "stale", reason: "connection_lost" });
    transport.last.hello();
    expect(client.connection.state).toBe("open");
  });

  test("keeps the old stream if the new one is refused", async () => {
    const client = await open();
    const first = transport.last;
    first.hello();
    client.add("MSFT");
    await clock.pass(50);
    transport.last.sink.end({
      error: new TapecastError("too_many_symbols", "too many", { status: 400, lasting: true }),
    });
    expect(errors.map(({ code }) => code)).toEqual(["too_many_symbols"]);
    expect(first.isClosed).toBe(false);
    expect(client.connection.state).toBe("open");
    client.remove("MSFT");
    await clock.pass(20_000);
    first.heartbeat();
    await clock.pass(20_000);
    first.heartbeat();
    await clock.pass(25_000);
    expect(transport.streams).toHaveLength(2);
  });

  test("gives the old stream up for one that was told to come back later", async () => {
    const client = await open();
    transport.last.hello();
    client.add("MSFT");
    await clock.pass(50);
    transport.last.bye("too_many_streams");
    transport.last.sink.end({ retryMs: 4_000 });
    expect(transport.running).toEqual([]);
    expect(connections.at(-1)).toMatchObject({ state: "reconnecting", reason: "too_many_streams" });
    await clock.pass(4_000);
    expect(transport.last.query.prices).toBe("AAPL,MSFT");
  });
});

describe("coming back", () => {
  test.each(["draining", "max_age", "too_many_streams", "cache_unavailable"])(
    "obeys the server after %s",
    async (code) => {
      await open();
      transport.last.hello();
      transport.last.bye(code);
      transport.last.sink.end({ retryMs: 1_234 });
      expect(connections.at(-1)).toMatchObject({
        state: "reconnecting",
        reason: code,
        retryAt: clock.wall + 1_234,
      });
      await clock.pass(1_233);
      expect(transport.streams).toHaveLength(1);
      await clock.pass(1);
      expect(transport.streams).toHaveLength(2);
      expect(errors).toEqual([]);
    },
  );

  test("lets the platform come back by itself", async () => {
    const client = await open();
    transport.last.hello();
    transport.last.bye("max_age");
    transport.last.sink.lost();
    expect(client.connection).toEqual({ state: "reconnecting", reason: "max_age" });
    await clock.pass(5_000);
    transport.last.hello();
    expect(client.connection).toEqual({ state: "open" });
    expect(transport.streams).toHaveLength(1);
  });

  test("waits longer from failure to failure, up to a cap, and starts anew after a hello", async () => {
    await open();
    const waits: number[] = [];
    const fail = () => {
      const before = clock.wall;
      transport.last.sink.end({ error: new TapecastError("unreachable", "nobody there") });
      waits.push(Math.round((connections.at(-1)?.retryAt ?? 0) - before));
    };
    for (let round = 0; round < 7; round += 1) {
      fail();
      await clock.pass(waits.at(-1) ?? 0);
    }
    expect(waits).toEqual([675, 1350, 2700, 5400, 10125, 10125, 10125]);
    transport.last.hello();
    fail();
    expect(waits.at(-1)).toBe(675);
  });

  test("adds its jitter to what Retry-After says", async () => {
    await open();
    const error = new TapecastError("too_many_streams", "full", { status: 429, retryAfterMs: 9_000 });
    transport.last.sink.end({ error });
    expect(connections.at(-1)?.retryAt).toBe(clock.wall + 9_675);
  });

  test.each([
    [400, "interval_invalid"],
    [403, "forbidden"],
    [404, "not_a_stream"],
  ])("tries after %i once a minute, not more", async (status, code) => {
    const client = await open();
    const refuse = () =>
      transport.last.sink.end({ error: new TapecastError(code, "no", { status, lasting: true }) });
    refuse();
    expect(client.connection).toMatchObject({ state: "refused", reason: code });
    await clock.pass(59_999);
    expect(transport.streams).toHaveLength(1);
    await clock.pass(10_000);
    expect(transport.streams).toHaveLength(2);
    transport.last.hello();
    expect(client.connection.state).toBe("open");
  });

  test("asks again at once after a refusal when something else is wanted", async () => {
    const client = await open();
    transport.last.sink.end({
      error: new TapecastError("symbol_invalid", "no", { status: 400, lasting: true }),
    });
    client.add("MSFT");
    await clock.pass(50);
    expect(transport.last.query.prices).toBe("AAPL,MSFT");
  });

  test("does not wait when the network is back", async () => {
    const page = new EventTarget();
    vi.stubGlobal("window", page);
    vi.stubGlobal("document", new EventTarget());
    const client = await open();
    vi.unstubAllGlobals();
    transport.last.sink.end({
      error: new TapecastError("unreachable", "nobody there", { retryAfterMs: 30_000 }),
    });
    page.dispatchEvent(new Event("online"));
    await clock.pass(200);
    expect(transport.streams).toHaveLength(2);
    client.close();
  });
});

describe("the watchdog", () => {
  test("opens anew after 2.5 heartbeats without a word", async () => {
    const client = await open();
    const first = transport.last;
    first.hello();
    for (let beat = 0; beat < 3; beat += 1) {
      await clock.pass(4_000);
      first.heartbeat();
    }
    await clock.pass(9_999);
    expect(client.connection.state).toBe("open");
    await clock.pass(1);
    expect(client.connection).toMatchObject({ state: "reconnecting", reason: "timeout" });
    expect(first.isClosed).toBe(true);
    await clock.pass(350);
    expect(transport.streams).toHaveLength(2);
  });

  test("learns from the server that heartbeats may be far apart", async () => {
    const client = await open();
    transport.last.hello();
    let reopened = 0;
    for (let beat = 0; beat < 12; beat += 1) {
      const before = transport.streams.length;
      await clock.pass(300_000);
      if (transport.streams.length > before) transport.last.hello();
      transport.last.heartbeat();
      reopened = transport.streams.length;
    }
    expect(reopened).toBeLessThan(8);
    expect(client.connection.state).toBe("open");
  });

  test("finds a laptop that slept for an hour", async () => {
    const client = await open();
    transport.last.hello();
    transport.last.live("AAPL", 100, 1);
    await clock.pass(1_000);
    clock.sleep(3_600_000);
    await clock.pass(5_000);
    expect(client.states.get("AAPL")?.state).toBe("stale");
    expect(transport.streams).toHaveLength(2);
    transport.last.hello();
    transport.last.live("AAPL", 105, 2);
    expect(client.states.get("AAPL")?.state).toBe("live");
    expect(client.ticks.get("AAPL")?.price).toBe(105);
  });

  test("does not let a wait that the laptop slept through begin again", async () => {
    await open();
    transport.last.sink.end({ error: new TapecastError("forbidden", "no", { status: 403, lasting: true }) });
    clock.sleep(3_600_000);
    await clock.pass(5_000);
    expect(transport.streams).toHaveLength(2);
  });

  test("does not wait for hours because the clock was set back", async () => {
    await open();
    transport.last.sink.end({ error: new TapecastError("unreachable", "nobody there") });
    clock.sleep(-3_600_000);
    await clock.pass(5_000);
    expect(transport.streams).toHaveLength(2);
    transport.last.hello();
    clock.sleep(-3_600_000);
    await clock.pass(30_000);
    expect(transport.streams).toHaveLength(2);
    await clock.pass(10_000);
    expect(transport.streams).toHaveLength(3);
  });

  test("gives up on a connection that the browser never gets", async () => {
    await open();
    await clock.pass(38_000);
    expect(errors.map(({ code }) => code)).toEqual(["timeout"]);
    expect(transport.streams).toHaveLength(2);
  });
});

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
