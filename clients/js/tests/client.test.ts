import { beforeEach, describe, expect, test, vi } from "vitest";
import { TapecastClient } from "../src/client.js";
import type { ConnectOptions } from "../src/options.js";
import { FakeTransport, TestClock } from "./fakes.js";

let clock: TestClock;
let transport: FakeTransport;

beforeEach(() => {
  clock = new TestClock();
  transport = new FakeTransport(clock);
});

async function open(options: Partial<ConnectOptions> = {}): Promise<TapecastClient> {
  const client = new TapecastClient({ url: "http://test", symbols: ["AAPL"], transport, clock, ...options });
  await clock.pass(50);
  transport.last.hello();
  return client;
}

describe("prices", () => {
  test("only what is newer counts", async () => {
    const client = await open();
    const heard: number[] = [];
    client.on("tick", ({ price }) => heard.push(price));
    transport.last.tick("AAPL", 1, 10);
    transport.last.tick("AAPL", 2, 10);
    transport.last.tick("AAPL", 3, 9);
    transport.last.tick("AAPL", 4, 11);
    transport.last.tick("AAPL", 5, 1, { epoch: 2 });
    transport.last.tick("AAPL", 6, 99, { epoch: 1 });
    expect(heard).toEqual([1, 4, 5]);
  });

  test("the first image of a new stream replaces, even an older one", async () => {
    const client = await open();
    transport.last.tick("AAPL", 1, 10);
    transport.last.hello();
    transport.last.tick("AAPL", 2, 5);
    transport.last.tick("AAPL", 3, 4);
    expect(client.ticks.get("AAPL")?.price).toBe(2);
  });

  test("an image that is known already is no news", async () => {
    const client = await open();
    transport.last.live("AAPL", 1, 10);
    const heard = vi.fn();
    client.on("tick", heard);
    client.on("symbol", heard);
    transport.last.hello();
    transport.last.live("AAPL", 1, 10);
    expect(heard).not.toHaveBeenCalled();
  });

  test("unknown fields pass through", async () => {
    const client = await open();
    transport.last.say("message", { symbol: "AAPL", price: 1, feed: "x", epoch: 1, seq: 1, vwap: 1.5 });
    expect(client.ticks.get("AAPL")).toHaveProperty("vwap", 1.5);
  });

  test("a price that never was is forgotten", async () => {
    const client = await open();
    transport.last.live("AAPL", 1, 10);
    transport.last.say("symbol", { symbol: "AAPL", state: "pending", reason: "cancelled" });
    expect(client.ticks.has("AAPL")).toBe(false);
  });

  test("what was given up is forgotten, and what is still on its way is not heard", async () => {
    const client = await open({ symbols: ["AAPL", "MSFT"] });
    transport.last.live("MSFT", 1, 1);
    client.remove("msft");
    const heard = vi.fn();
    client.on("tick", heard);
    transport.last.live("MSFT", 2, 2);
    expect([client.ticks.has("MSFT"), client.states.has("MSFT"), [...client.symbols]]).toEqual([
      false,
      false,
      ["AAPL"],
    ]);
    expect(heard).not.toHaveBeenCalled();
  });

  test("every symbol has a state from the moment that it is wanted", async () => {
    const client = await open();
    const heard = vi.fn();
    client.on("symbol", heard);
    client.add("msft");
    expect(client.states.get("MSFT")).toEqual({ symbol: "MSFT", state: "pending" });
    expect(heard).toHaveBeenCalledWith({ symbol: "MSFT", state: "pending" });
  });
});

describe("a lost connection", () => {
  test("makes everything stale at once and keeps the prices", async () => {
    const client = await open({ symbols: ["AAPL", "MSFT", "BAD!", "NEW"], positions: true });
    transport.last.live("AAPL", 100, 1);
    transport.last.say("symbol", { symbol: "MSFT", state: "closed" });
    transport.last.say("symbol", { symbol: "BAD!", state: "refused", reason: "symbol_invalid" });
    transport.last.say("feed", { feed: "iex", market: "us_equity", state: "live" });
    transport.last.say("positions", { account: "A", positions: [{ symbol: "AAPL", qty: 1, state: "live" }] });
    const heard: string[] = [];
    client.on("symbol", ({ symbol, state, reason }) => heard.push(`${symbol} ${state} ${reason}`));
    client.on("connection", ({ state }) => heard.push(`${state}, AAPL ${client.states.get("AAPL")?.state}`));
    transport.last.sink.lost();
    expect(heard).toEqual([
      "AAPL stale connection_lost",
      "MSFT stale connection_lost",
      "NEW pending connection_lost",
      "reconnecting, AAPL stale",
    ]);
    expect(client.ticks.get("AAPL")?.price).toBe(100);
    expect(client.states.get("BAD!")?.state).toBe("refused");
    expect(client.feeds.get("us_equity")).toMatchObject({ state: "reconnecting", reason: "connection_lost" });
    expect(client.positions.get("AAPL")?.state).toBe("stale");
    transport.last.sink.lost();
    expect(heard).toHaveLength(4);
    transport.last.hello();
    expect(client.states.get("AAPL")?.state).toBe("stale");
    expect(client.feeds.size).toBe(0);
    transport.last.say("symbol", { symbol: "AAPL", state: "live" });
    expect(client.states.get("AAPL")).toEqual({ symbol: "AAPL", state: "live" });
  });
});

describe("a stream that does not come", () => {
  test("is a loss after two seconds, not before", async () => {
    const client = new TapecastClient({ url: "http://test", symbols: ["AAPL"], transport, clock });
    await clock.pass(1_900);
    expect(client.states.get("AAPL")).toEqual({ symbol: "AAPL", state: "pending" });
    await clock.pass(200);
    expect(client.states.get("AAPL")).toEqual({
      symbol: "AAPL",
      state: "pending",
      reason: "connection_lost",
    });
    transport.last.hello();
    transport.last.live("AAPL", 1, 1);
    await clock.pass(5_000);
    expect(client.states.get("AAPL")).toEqual({ symbol: "AAPL", state: "live" });
  });

  test("is no loss if it comes in time", async () => {
    const client = await open();
    transport.last.live("AAPL", 1, 1);
    await clock.pass(5_000);
    expect(client.states.get("AAPL")?.state).toBe("live");
  });
});

describe("the account", () => {
  test("a position replaces that of its symbol, a list replaces all", async () => {
    const client = await open({ positions: true });
    expect(client.account).toBeUndefined();
    transport.last.say("positions", {
      account: "A",
      simulated: true,
      positions: [
        { symbol: "AAPL", qty: 1 },
        { symbol: "SPY", qty: 2 },
      ],
    });
    transport.last.say("position", { symbol: "AAPL", qty: 3 });
    transport.last.say("position", { symbol: "SPY", qty: 0 });
    expect([...client.positions.values()]).toEqual([{ symbol: "AAPL", qty: 3 }]);
    expect(client.account).toEqual({ account: "A", simulated: true });
    transport.last.say("positions", { account: "A", positions: [] });
    expect(client.positions.size).toBe(0);
  });

  test("orders are kept newest first, each once", async () => {
    const client = await open({ positions: true });
    transport.last.say("orders", { orders: [{ id: "1", status: "filled" }] });
    transport.last.say("order", { event: "new", order: { id: "2", status: "new" } });
    transport.last.say("order", { event: "fill", order: { id: "2", status: "filled" } });
    expect(client.orders).toEqual([
      { id: "2", status: "filled" },
      { id: "1", status: "filled" },
    ]);
    for (let id = 3; id < 300; id += 1) transport.last.say("order", { event: "new", order: { id: `${id}` } });
    expect(client.orders).toHaveLength(100);
  });

  test.each([
    ["2026-01-05T15:00:01Z", "2026-01-05T15:00:00.9Z", "new"],
    ["2026-01-05T15:00:00.002000001Z", "2026-01-05T15:00:00.001500Z", "new"],
    ["2026-01-05T15:00:00.5Z", "2026-01-05T10:00:00.4-05:00", "new"],
    ["2026-01-05T15:00:00Z", "2026-01-05T15:00:00Z", "old"],
    ["2026-01-05T15:00:00.1Z", "2026-01-05T15:00:00.200Z", "old"],
    ["2026-01-05T15:00:00Z", null, "old"],
    [undefined, "2026-01-05T15:00:00Z", "old"],
  ])("an order as of %s stands or goes when one as of %s is told", async (held, told, stands) => {
    const client = await open({ positions: true });
    const events: string[] = [];
    client.on("order", ({ event }) => events.push(event));
    transport.last.say("orders", { orders: [{ id: "1", updated_at: held, status: "new" }] });
    transport.last.say("order", { event: "fill", order: { id: "1", updated_at: told, status: "old" } });
    expect(client.orders?.map(({ status }) => status)).toEqual([stands]);
    // A fill is told, whatever is known of its order by now.
    expect(events).toEqual(["fill"]);
  });

  test("is forgotten when nobody wants it any more", async () => {
    const client = await open({ positions: true, status: true });
    transport.last.say("positions", { account: "A", positions: [{ symbol: "AAPL", qty: 1 }] });
    transport.last.say("portfolio", { equity: 5 });
    transport.last.say("status", { version: "1" });
    client.set({ positions: false, status: false });
    transport.last.say("positions", { account: "A", positions: [{ symbol: "AAPL", qty: 1 }] });
    expect([client.positions.size, client.account, client.portfolio, client.status]).toEqual([
      0,
      undefined,
      undefined,
      undefined,
    ]);
    await clock.pass(50);
    expect(transport.last.url).toBe("http://test/stream?prices=AAPL");
  });
});

describe("time", () => {
  test("ages are by the server's clock, however wrong ours is", async () => {
    const client = await open();
    const server = clock.now() - 7_200_000;
    transport.last.hello({ server_time: (server - 80) * 1000 });
    transport.last.say("heartbeat", { server_time: server * 1000 });
    transport.last.tick("AAPL", 1, 1, { timestamp: new Date(server - 1_500).toISOString() });
    expect(client.serverNow()).toBe(server);
    expect(client.ageMs("AAPL")).toBe(1_500);
    expect(client.ageMs("MSFT")).toBeUndefined();
  });

  test("a tick without a venue's time is as old as its receipt", async () => {
    const client = await open();
    transport.last.tick("AAPL", 1, 1, { ts_recv: (clock.now() - 40) * 1000 });
    expect(client.ageMs("AAPL")).toBe(40);
  });
});

describe("events", () => {
  test("a listener that throws disturbs nobody", async () => {
    const client = await open();
    const later = vi.spyOn(globalThis, "queueMicrotask").mockImplementation(() => {});
    const heard = vi.fn();
    client.on("tick", () => {
      throw new Error("a bug of the page");
    });
    const stop = client.on("tick", heard);
    transport.last.tick("AAPL", 1, 1);
    stop();
    transport.last.tick("AAPL", 2, 2);
    expect(heard).toHaveBeenCalledOnce();
    expect(later).toHaveBeenCalledTimes(2);
    later.mockRestore();
  });

  test("data that is no JSON is an error and nothing else", async () => {
    const client = await open();
    const errors: string[] = [];
    client.on("error", ({ code }) => errors.push(code));
    transport.last.sink.event("message", "{");
    transport.last.tick("AAPL", 1, 1);
    expect(errors).toEqual(["bad_event"]);
    expect(client.ticks.size).toBe(1);
  });
});
