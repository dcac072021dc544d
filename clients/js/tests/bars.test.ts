import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Bar, type BarsClient, type BarsOptions, bars } from "../src/bars/index.js";
import { TapecastError } from "../src/errors.js";
import { FakeTransport, TestClock } from "./fakes.js";

let clock: TestClock;
let transport: FakeTransport;

beforeEach(() => {
  clock = new TestClock();
  transport = new FakeTransport(clock);
});
afterEach(() => vi.unstubAllGlobals());

/** The bar of a second of one minute. */
function bar(second: number, close: number, seq: number, more: Partial<Bar> = {}): Bar {
  const start = `2026-01-05T15:00:${String(second).padStart(2, "0")}Z`;
  return { start, open: 1, high: 9, low: 1, close, volume: 5, trades: 2, epoch: 1, seq, ...more };
}

async function open(options: Partial<BarsOptions> = {}): Promise<BarsClient> {
  const client = bars({ url: "http://test/", symbol: "AAPL", interval: "1s", transport, clock, ...options });
  await clock.pass(50);
  return client;
}

function image(words: Bar[], symbol = "AAPL", interval = "1s"): void {
  transport.last.say("bars", { symbol, interval, history: "own", bars: words });
}

function say(word: object, symbol = "AAPL", interval = "1s"): void {
  transport.last.say("bar", { symbol, interval, ...word });
}

const closes = (client: BarsClient, symbol = "AAPL") => client.of(symbol).bars.map(({ close }) => close);

describe("bars", () => {
  test("are asked for on a stream of their own", async () => {
    await open({ symbols: ["msft", "BTC/USD"], symbol: " aapl", limit: 500, pace: 250, ticket: "t&t" });
    expect(transport.streams.map(({ url }) => url)).toEqual([
      "http://test/stream/bars?symbols=AAPL,BTC%2FUSD,MSFT&interval=1s&limit=500&interval_ms=250&ticket=t%26t",
    ]);
    await open({ interval: undefined });
    expect(transport.last.query).toEqual({ symbols: "AAPL", interval: "1m" });
  });

  test("of an image replace all, and are known before it is told", async () => {
    const client = await open();
    const heard: unknown[] = [];
    client.on("bars", ({ symbol, history }) => heard.push([symbol, history, closes(client)]));
    expect(client.of("AAPL")).toEqual({ history: undefined, bars: [] });
    transport.last.hello({ bars: { interval: "1s", limit: 300 } });
    image([bar(1, 1, 1), bar(2, 2, 2)]);
    image([bar(2, 3, 3)]);
    expect(heard).toEqual([
      ["AAPL", "own", [1, 2]],
      ["AAPL", "own", [3]],
    ]);
    expect(client.of(" aapl").history).toBe("own");
  });

  test("of one start are replaced by what is newer, and by nothing else", async () => {
    const client = await open();
    const heard: number[] = [];
    client.on("bar", (word) => heard.push(word.seq));
    image([bar(1, 1, 10)]);
    for (const [close, seq, epoch] of [
      [2, 11, 1],
      [3, 11, 1],
      [4, 10, 1],
      [5, 1, 2],
      [6, 99, 1],
    ] as const)
      say(bar(1, close, seq, { epoch }));
    expect(closes(client)).toEqual([5]);
    expect(heard).toEqual([11, 1]);
  });

  test("stand in the order of time, whenever they are told", async () => {
    const client = await open();
    image([bar(1, 1, 1), bar(5, 5, 5)]);
    say(bar(6, 6, 6));
    say(bar(3, 3, 7, { corrected: true }));
    say(bar(1, 1.5, 8, { corrected: true, closed: true }));
    expect(closes(client)).toEqual([1.5, 3, 5, 6]);
  });

  test("that are taken away are gone, and no older word brings them back", async () => {
    const client = await open();
    image([bar(1, 1, 1), bar(2, 2, 2)]);
    const { start } = bar(2, 0, 0);
    say({ start, removed: true, corrected: true, epoch: 1, seq: 4 });
    expect(closes(client)).toEqual([1]);
    say(bar(2, 7, 3));
    expect(closes(client)).toEqual([1]);
    say(bar(2, 8, 5));
    expect(closes(client)).toEqual([1, 8]);
  });

  test("are the same array until one of them changes", async () => {
    const client = await open();
    image([bar(1, 1, 1)]);
    const first = client.of("AAPL").bars;
    say(bar(1, 2, 1));
    expect(client.of("AAPL").bars).toBe(first);
    say(bar(1, 2, 2));
    expect(client.of("AAPL").bars).not.toBe(first);
    expect(first.map(({ close }) => close)).toEqual([1]);
  });

  test("from before all that was asked for are left out: they would stand alone", async () => {
    const client = await open({ limit: 900 });
    transport.last.hello({ bars: { interval: "1s", limit: 2 } });
    image([bar(10, 1, 1), bar(11, 2, 2)]);
    say(bar(5, 9, 9, { corrected: true }));
    expect(closes(client)).toEqual([1, 2]);
    image([bar(10, 1, 1)]);
    say(bar(5, 9, 9, { corrected: true }));
    expect(closes(client)).toEqual([9, 1]);
  });

  test("come with the states of their symbols and feeds", async () => {
    const client = await open();
    expect(client.states.get("AAPL")?.state).toBe("pending");
    transport.last.hello();
    transport.last.say("symbol", { symbol: "AAPL", state: "live" });
    transport.last.say("feed", { feed: "iex", market: "us_equity", state: "live" });
    expect(client.states.get("AAPL")?.state).toBe("live");
    expect([...client.feeds.keys()]).toEqual(["us_equity"]);
    expect(client.connection.state).toBe("open");
  });

  test("are kept for days, the newest 5,000", async () => {
    const client = await open();
    image([bar(0, 0, 0)]);
    for (let second = 1; second <= 6_000; second += 1) {
      const start = new Date(Date.parse("2026-01-05T15:00:00Z") + 1000 * second).toISOString();
      say(bar(0, second, second, { start }));
    }
    expect(client.of("AAPL").bars).toHaveLength(5_000);
    expect(closes(client).at(-1)).toBe(6_000);
  });
});

describe("a client of bars", () => {
  test("comes back by itself: stale at once, the bars stand, the next image replaces them", async () => {
    const client = await open();
    transport.last.hello();
    transport.last.say("symbol", { symbol: "AAPL", state: "live" });
    image([bar(1, 1, 1)]);
    transport.last.sink.end({ retryMs: 700 });
    expect(client.states.get("AAPL")).toEqual({ symbol: "AAPL", state: "stale", reason: "connection_lost" });
    expect(closes(client)).toEqual([1]);
    await clock.pass(700);
    expect(transport.streams).toHaveLength(2);
    transport.last.hello();
    image([bar(1, 1, 1), bar(2, 2, 2)]);
    expect(closes(client)).toEqual([1, 2]);
  });

  test("says why there are none", async () => {
    const client = await open();
    const codes: string[] = [];
    client.on("error", ({ code }) => codes.push(code));
    transport.last.sink.end({
      error: new TapecastError("interval_invalid", "no", { status: 400, lasting: true }),
    });
    expect(codes).toEqual(["interval_invalid"]);
    expect(client.connection).toMatchObject({ state: "refused", reason: "interval_invalid" });
  });

  test("takes another length: the old bars are gone, and what is still on its way is not heard", async () => {
    const client = await open();
    transport.last.hello();
    image([bar(1, 1, 1)]);
    const old = transport.last;
    client.set({ interval: "5m" });
    expect(closes(client)).toEqual([]);
    say(bar(1, 2, 2));
    image([bar(1, 3, 3)]);
    expect(closes(client)).toEqual([]);
    await clock.pass(50);
    expect(transport.last.query).toEqual({ symbols: "AAPL", interval: "5m" });
    transport.last.hello();
    expect(old.isClosed).toBe(true);
    image([bar(0, 4, 4)], "AAPL", "5m");
    expect(closes(client)).toEqual([4]);
  });

  test("takes other symbols: what stays is known all the time, what goes is forgotten", async () => {
    const client = await open({ symbols: ["MSFT"] });
    transport.last.hello();
    image([bar(1, 1, 1)]);
    image([bar(1, 2, 1)], "MSFT");
    client.set({ symbols: ["AAPL", "spy"] });
    expect([closes(client), closes(client, "MSFT")]).toEqual([[1], []]);
    await clock.pass(50);
    expect(transport.last.query.symbols).toBe("AAPL,SPY");
    client.set({ symbols: [] });
    expect(transport.running).toEqual([]);
  });

  test("ends for good on close", async () => {
    const client = await open();
    transport.last.hello();
    client.close();
    client.set({ interval: "1h" });
    await clock.pass(100_000);
    expect(transport.running).toEqual([]);
    expect(clock.timers).toBe(0);
  });
});

describe("a page that is not looked at", () => {
  let page: EventTarget & { hidden: boolean };

  function look(isHidden: boolean): void {
    page.hidden = isHidden;
    page.dispatchEvent(new Event("visibilitychange"));
  }

  beforeEach(() => {
    page = Object.assign(new EventTarget(), { hidden: false });
    vi.stubGlobal("document", page);
  });

  test("rests if it is to, and is there again when somebody looks", async () => {
    const client = await open({ restHidden: true });
    transport.last.hello();
    image([bar(1, 1, 1)]);
    look(true);
    await clock.pass(4_000);
    expect(transport.running).toHaveLength(1);
    await clock.pass(2_000);
    expect(transport.running).toEqual([]);
    expect(client.connection.state).toBe("idle");
    expect(client.states.get("AAPL")?.state).toBe("pending");
    expect(closes(client)).toEqual([1]);
    look(false);
    await clock.pass(50);
    expect(transport.running).toHaveLength(1);
    transport.last.hello();
    expect(client.connection.state).toBe("open");
    look(true);
    client.close();
    look(false);
    expect(clock.timers).toBe(0);
  });

  test("does not rest for a glance elsewhere, nor if it is not to", async () => {
    await open({ restHidden: true });
    transport.last.hello();
    look(true);
    await clock.pass(2_000);
    look(false);
    await clock.pass(10_000);
    expect(transport.streams).toHaveLength(1);
    await open();
    transport.last.hello();
    look(true);
    await clock.pass(10_000);
    expect(transport.last.isClosed).toBe(false);
  });

  test("that is opened hidden opens nothing before somebody looks", async () => {
    page.hidden = true;
    await open({ restHidden: true });
    expect(transport.streams).toEqual([]);
    look(false);
    await clock.pass(50);
    expect(transport.streams).toHaveLength(1);
  });
});
