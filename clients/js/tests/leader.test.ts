import { beforeEach, describe, expect, test } from "vitest";
import { settle } from "./fakes.js";
import { clock, type Page, pages, serve, setUp, transport, world } from "./pages.js";

beforeEach(setUp);

describe("the leader", () => {
  test("that is closed hands over to the next", async () => {
    const [a, b, c] = await pages(["AAPL"], ["MSFT"], ["SPY"]);
    serve(100, 1);
    await settle();
    a?.tab.close();
    expect(transport.running).toEqual([]);
    await clock.pass(60);
    expect(transport.running.map(({ query }) => query.prices)).toEqual(["MSFT,SPY"]);
    serve(101, 2);
    await settle();
    expect([b?.price("MSFT"), c?.price("SPY")]).toEqual([101, 101]);
    expect([a?.state, b?.state, c?.state]).toEqual(["closed", "open", "open"]);
    expect(b?.connections.map(({ state }) => state)).not.toContain("reconnecting");
  });

  test("that crashes hands over to the next", async () => {
    const [a, b] = await pages(["AAPL"], ["MSFT"]);
    serve(100, 1);
    world.kill((a as Page).platform);
    await clock.pass(60);
    serve(101, 2);
    expect(b?.price("MSFT")).toBe(101);
  });

  test("that answers no more is relieved, and follows when it is back", async () => {
    const [a, b, c] = await pages(["AAPL"], ["MSFT"], ["SPY"]);
    serve(100, 1);
    await settle();
    const old = transport.last;
    world.freeze((a as Page).platform);
    await clock.pass(25_000);
    expect(transport.last).not.toBe(old);
    expect(transport.last.query.prices).toBe("MSFT,SPY");
    serve(101, 2);
    await settle();
    expect([b?.price("MSFT"), c?.price("SPY")]).toEqual([101, 101]);
    // It does not know yet, and goes on talking.
    old.tick("SPY", 999, 9);
    await settle();
    expect(c?.price("SPY")).toBe(101);
    world.thaw((a as Page).platform);
    await clock.pass(60);
    expect(old.isClosed).toBe(true);
    expect(transport.last.query.prices).toBe("AAPL,MSFT,SPY");
    serve(102, 3);
    await settle();
    expect(transport.running).toHaveLength(1);
    expect([a?.price("AAPL"), b?.price("MSFT"), a?.state]).toEqual([102, 102, "open"]);
  });

  test("that is only quiet is left alone, and its clock is looked at", async () => {
    await pages(["AAPL"], ["MSFT"]);
    serve(100, 1);
    for (let beat = 0; beat < 10; beat += 1) {
      await clock.pass(15_000);
      transport.last.heartbeat();
    }
    expect(transport.streams).toHaveLength(1);
  });

  test("in the background, where timers do not run, comes back when another tab asks", async () => {
    const [a] = await pages(["AAPL"], ["MSFT"]);
    serve(100, 1);
    if (a) a.isThrottled = true;
    transport.last.sink.end({ retryMs: 1_000 });
    await clock.pass(1_000);
    expect(transport.streams).toHaveLength(1);
    await clock.pass(5_000);
    expect(transport.streams).toHaveLength(2);
    serve(101, 2);
    await settle();
    expect(a?.price("AAPL")).toBe(101);
  });

  test("is not relieved by a laptop that slept", async () => {
    const [a, b] = await pages(["AAPL"], ["MSFT"]);
    serve(100, 1);
    clock.sleep(3_600_000);
    await clock.pass(7_000);
    serve(105, 5);
    await settle();
    expect([a?.price("AAPL"), b?.price("MSFT")]).toEqual([105, 105]);
    expect(transport.running).toHaveLength(1);
  });
});
