import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { TapecastError } from "../src/errors.js";
import { clock, connections, errors, open, setUp, transport } from "./opened.js";

beforeEach(setUp);
afterEach(() => vi.unstubAllGlobals());

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

  test("forgets the server's last words once it is heard again", async () => {
    const client = await open();
    transport.last.hello();
    transport.last.bye("max_age");
    transport.last.sink.lost();
    transport.last.hello();
    transport.last.sink.lost();
    expect(client.connection.reason).toBe("connection_lost");
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

  test.each(["visibilitychange", "resume", "pageshow"])("looks at the clock at once at %s", async (name) => {
    const page = new EventTarget();
    vi.stubGlobal("window", page);
    const client = await open();
    vi.unstubAllGlobals();
    transport.last.hello();
    transport.last.live("AAPL", 100, 1);
    clock.sleep(3_600_000);
    expect(client.states.get("AAPL")?.state).toBe("live");
    page.dispatchEvent(new Event(name));
    expect(client.states.get("AAPL")).toEqual({ symbol: "AAPL", state: "stale", reason: "connection_lost" });
    expect(client.connection).toMatchObject({ state: "reconnecting", reason: "timeout" });
    client.close();
    page.dispatchEvent(new Event(name));
    expect(clock.timers).toBe(0);
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
    await clock.pass(39_000);
    expect(errors.map(({ code }) => code)).toEqual(["timeout"]);
    expect(transport.streams).toHaveLength(2);
  });
});
