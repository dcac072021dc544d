import { beforeEach, describe, expect, test } from "vitest";
import { TapecastError } from "../src/errors.js";
import { settle } from "./fakes.js";
import { clock, type Page, pages, serve, setUp, transport, world } from "./pages.js";

beforeEach(setUp);

describe("several tabs", () => {
  test("have one stream of all their symbols", async () => {
    const [a, b, c] = await pages(["AAPL", "MSFT"], ["MSFT", "NVDA"], ["SPY"]);
    serve(100, 1);
    await settle();
    expect(transport.running.map(({ query }) => query.prices)).toEqual(["AAPL,MSFT,NVDA,SPY"]);
    expect([a?.price("AAPL"), b?.price("NVDA"), c?.price("SPY")]).toEqual([100, 100, 100]);
    expect([a?.state, b?.state, c?.state]).toEqual(["open", "open", "open"]);
    transport.last.tick("SPY", 101, 2);
    await settle();
    expect(c?.price("SPY")).toBe(101);
  });

  test("one that comes later gets what is known at once, without another stream", async () => {
    await pages(["AAPL", "MSFT"]);
    serve(100, 1);
    transport.last.say("feed", { feed: "iex", market: "us_equity", state: "live" });
    await clock.pass(60_000 - 30_000);
    transport.last.heartbeat();
    const [late] = await pages(["MSFT"]);
    expect(transport.streams).toHaveLength(1);
    expect(late?.price("MSFT")).toBe(100);
    expect(late?.store.states.get("MSFT")?.state).toBe("live");
    expect(late?.store.feeds.get("us_equity")?.state).toBe("live");
    expect(late?.state).toBe("open");
    // The image's hello is of now, however long ago the server said it.
    expect(Math.abs(late?.store.clock.skewMs ?? 1e9)).toBeLessThan(200);
  });

  test("the stream follows what all of them want", async () => {
    const [a, b] = await pages(["AAPL"], ["MSFT"]);
    serve(100, 1);
    b?.want({ symbols: ["NVDA"], positions: true });
    await clock.pass(60);
    expect(transport.last.url).toBe("http://test/stream?prices=AAPL,NVDA&positions");
    serve(101, 2);
    b?.tab.close();
    await clock.pass(60);
    expect(transport.last.url).toBe("http://test/stream?prices=AAPL");
    expect(a?.state).toBe("open");
    serve(102, 3);
    expect(transport.running).toHaveLength(1);
  });

  test("one that is gone without a word is missed by its lock", async () => {
    const [, b] = await pages(["AAPL"], ["MSFT"]);
    serve(100, 1);
    world.kill((b as Page).platform);
    await clock.pass(60);
    expect(transport.last.query.prices).toBe("AAPL");
  });

  test("a loss, its reason and an error reach all of them", async () => {
    const [, b] = await pages(["AAPL"], ["AAPL"]);
    serve(100, 1);
    transport.last.sink.end({ error: new TapecastError("forbidden", "no", { status: 403, lasting: true }) });
    await settle();
    expect(b?.errors[0]).toBeInstanceOf(TapecastError);
    expect(b?.errors[0]).toMatchObject({ code: "forbidden", message: "no", status: 403, lasting: true });
    expect(b?.connections.at(-1)).toMatchObject({
      state: "refused",
      reason: "forbidden",
      error: { code: "forbidden" },
    });
    expect(b?.connections.at(-1)?.error).toBeInstanceOf(TapecastError);
  });

  test("one that comes while the stream is lost is told so", async () => {
    await pages(["AAPL"]);
    serve(100, 1);
    transport.last.sink.lost();
    const [late] = await pages(["AAPL"]);
    expect(late?.state).toBe("reconnecting");
    expect(late?.store.states.get("AAPL")).toMatchObject({ state: "stale", reason: "connection_lost" });
    expect(late?.price("AAPL")).toBe(100);
  });

  test("one that wants nothing is idle until it wants something", async () => {
    const [a] = await pages([]);
    expect(a?.state).toBeUndefined();
    a?.want({ symbols: ["AAPL"] });
    await clock.pass(60);
    expect(a?.state).toBe("connecting");
    serve(100, 1);
    expect(a?.price("AAPL")).toBe(100);
    a?.want({});
    await settle();
    expect(a?.state).toBe("idle");
    expect(transport.running).toEqual([]);
  });

  test("one that is refused its locks has a stream of its own", async () => {
    world.isLocked = true;
    const [a] = await pages(["AAPL"]);
    serve(100, 1);
    expect(a?.price("AAPL")).toBe(100);
    a?.tab.close();
    expect(transport.running).toEqual([]);
  });

  test("many events of one turn are one message", async () => {
    await pages(["AAPL"], ["AAPL"]);
    transport.last.hello();
    await settle();
    const before = world.messages;
    for (let seq = 1; seq <= 100; seq += 1) transport.last.tick("AAPL", seq, seq);
    await settle();
    expect(world.messages - before).toBe(1);
  });

  test("a tab that is alone sends no prices to nobody", async () => {
    await pages(["AAPL"]);
    serve(100, 1);
    await settle();
    const before = world.messages;
    transport.last.tick("AAPL", 101, 2);
    await settle();
    expect(world.messages).toBe(before);
  });
});

test("nothing is left behind", async () => {
  const opened = await pages(["AAPL"], ["MSFT"], ["SPY"]);
  serve(1, 1);
  for (const page of opened) page.tab.close();
  await clock.pass(60);
  expect([world.locksHeld, clock.timers, transport.running.length]).toEqual([0, 0, 0]);
});
