import { beforeEach, describe, expect, test } from "vitest";
import { ServerClock } from "../src/clock.js";
import type { Connection } from "../src/connection.js";
import { TapecastError } from "../src/errors.js";
import { Link } from "../src/link.js";
import type { Platform } from "../src/shared/channel.js";
import { Tab } from "../src/shared/tab.js";
import { Store, type WireEvent } from "../src/store.js";
import { Tickets } from "../src/tickets.js";
import { unionOf, type Wants } from "../src/wants.js";
import { FakeTransport, settle, TestClock } from "./fakes.js";
import { World } from "./world.js";

let clock: TestClock;
let transport: FakeTransport;
let world: World;

beforeEach(() => {
  clock = new TestClock();
  transport = new FakeTransport(clock);
  world = new World();
});

/** A tab as a page has it: what it hears goes into a store. */
class Page {
  readonly platform: Platform = world.platform();
  readonly store = new Store(new ServerClock(clock));
  readonly connections: Connection[] = [];
  readonly errors: TapecastError[] = [];
  readonly tab: Tab;

  constructor(...symbols: string[]) {
    const parts = { base: "http://test", transport, tickets: new Tickets(undefined, clock), clock };
    this.tab = new Tab(
      { name: "test", platform: this.platform, clock, link: (sink) => new Link(parts, sink) },
      {
        event: (name, payload) => this.store.apply([name, payload] as WireEvent),
        connection: (connection) => this.connections.push(connection),
        error: (error) => this.errors.push(error),
      },
    );
    this.want({ symbols });
  }

  want(wants: Partial<Wants>): void {
    this.tab.want({ symbols: [], positions: false, status: false, interval: undefined, ...wants });
  }

  price(symbol: string): number | undefined {
    return this.store.ticks.get(symbol)?.price;
  }

  get state(): string | undefined {
    return this.connections.at(-1)?.state;
  }
}

async function pages(...lists: string[][]): Promise<Page[]> {
  const opened: Page[] = [];
  for (const symbols of lists) {
    opened.push(new Page(...symbols));
    await settle();
  }
  await clock.pass(100);
  return opened;
}

/** The server answers the newest stream as it would. */
function serve(price: number, seq: number): void {
  transport.last.hello();
  for (const symbol of transport.last.query.prices?.split(",") ?? []) transport.last.live(symbol, price, seq);
}

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

test("nothing is left behind", async () => {
  const opened = await pages(["AAPL"], ["MSFT"], ["SPY"]);
  serve(1, 1);
  for (const page of opened) page.tab.close();
  await clock.pass(60);
  expect([world.locksHeld, clock.timers, transport.running.length]).toEqual([0, 0, 0]);
});

test("of intervals the shortest is asked for, and none at all is the shortest", () => {
  const wants = (interval: number | undefined, more: Partial<Wants> = {}): Wants => ({
    symbols: ["AAPL"],
    positions: false,
    status: false,
    interval,
    ...more,
  });
  expect(unionOf([wants(500), wants(250)]).interval).toBe(250);
  expect(unionOf([wants(500), wants(0)]).interval).toBe(0);
  expect(unionOf([wants(500), wants(undefined)]).interval).toBeUndefined();
  expect(unionOf([wants(500), wants(undefined, { symbols: [], status: true })]).interval).toBe(500);
  expect(unionOf([]).interval).toBeUndefined();
});
