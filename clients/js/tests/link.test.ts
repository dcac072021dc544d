import { beforeEach, describe, expect, test } from "vitest";
import { TapecastError } from "../src/errors.js";
import { clock, connections, errors, open, setUp, states, transport } from "./opened.js";

beforeEach(setUp);

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
    await clock.pass(4_000);
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
