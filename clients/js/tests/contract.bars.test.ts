// The client of bars against a real server with simulated prices.

import { afterEach, describe, expect, test } from "vitest";
import { type Bar, type BarsClient, type BarsOptions, bars } from "../src/bars/index.js";
import { fetchTransport, type TapecastError } from "../src/index.js";
import { freePort, python, Server } from "./server.js";

const TOKEN = "a-token-of-the-tests-0123456789";

let server: Server;
let client: BarsClient | undefined;
let errors: TapecastError[];

function open(options: BarsOptions): BarsClient {
  errors = [];
  client = bars({ url: server.url, transport: fetchTransport(), ...options });
  client.on("error", (error) => errors.push(error));
  return client;
}

afterEach(async () => {
  client?.close();
  await server.stop("SIGKILL");
});

const closed = (symbol: string) => client?.of(symbol).bars.filter((bar) => bar.closed) ?? [];

/** What the server has of these bars when it is asked for them once. */
async function asked(symbol: string, interval: string): Promise<Map<string, Bar>> {
  const query = `symbols=${encodeURIComponent(symbol)}&interval=${interval}&ticket=${await ticket()}`;
  const answer = await fetch(`${server.url}/bars?${query}`);
  const [of] = ((await answer.json()) as { bars: { bars: Bar[] }[] }).bars;
  return new Map(of?.bars.map((bar) => [bar.start, bar]));
}

async function ticket(ttl_s = 600): Promise<string> {
  const answer = await fetch(`${server.url}/tickets`, {
    method: "POST",
    headers: { Authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify({ streams: ["prices"], symbols: ["AAPL", "BTC/USD"], ttl_s }),
  });
  return ((await answer.json()) as { ticket: string }).ticket;
}

describe.skipIf(!python)("bars of a real server", () => {
  test("come live, without a hole or a double, and are those that the server has", async () => {
    server = new Server(await freePort(), { API_TOKEN: TOKEN });
    await server.start();
    const own = open({ symbols: ["btc/usd", "AAPL", "MSFT"], interval: "1s", ticket: () => ticket() });
    let words = 0;
    own.on("bar", () => {
      words += 1;
    });
    await expect.poll(() => closed("BTC/USD").length, { timeout: 30_000 }).toBeGreaterThan(3);
    expect(words).toBeGreaterThan(3);
    expect(own.states.get("BTC/USD")?.state).toBe("live");
    expect(own.states.get("MSFT")).toMatchObject({ state: "refused", reason: "not_allowed" });
    expect(own.of("BTC/USD").history).toBe("own");
    expect(own.hello?.bars).toEqual({ interval: "1s", limit: 300 });
    const starts = own.of("BTC/USD").bars.map(({ start }) => start);
    expect(starts).toEqual([...new Set(starts)].sort());
    const mine = closed("BTC/USD");
    const theirs = await asked("BTC/USD", "1s");
    // What the server has mended since may be newer.
    const same = mine.filter((bar) => theirs.get(bar.start)?.seq === bar.seq);
    expect(same.length).toBeGreaterThan(2);
    for (const bar of same) expect(bar).toEqual(theirs.get(bar.start));

    own.set({ interval: "1m", limit: 20 });
    await expect.poll(() => own.of("AAPL").history, { timeout: 30_000 }).toBe("venue");
    expect(own.of("AAPL").bars.length).toBeGreaterThan(1);
    expect(own.of("AAPL").bars.length).toBeLessThan(22);
    expect(errors).toEqual([]);
  }, 90_000);

  test("are there again after the server was killed, and say what is wrong meanwhile", async () => {
    server = new Server(await freePort());
    await server.start();
    const own = open({ symbol: "AAPL", interval: "1s" });
    await expect.poll(() => closed("AAPL").length, { timeout: 30_000 }).toBeGreaterThan(0);
    await server.stop("SIGKILL");
    await expect.poll(() => own.states.get("AAPL")?.reason, { timeout: 5_000 }).toBe("connection_lost");
    expect(closed("AAPL").length).toBeGreaterThan(0);
    await expect.poll(() => errors.map(({ code }) => code), { timeout: 10_000 }).toContain("unreachable");
    let images = 0;
    own.on("bars", () => {
      images += 1;
    });
    await server.start();
    await expect.poll(() => images && own.of("AAPL").bars.length, { timeout: 30_000 }).toBeGreaterThan(0);
    expect(own.connection).toEqual({ state: "open" });
  }, 90_000);

  test("of a length that there is not are refused in words", async () => {
    server = new Server(await freePort());
    await server.start();
    const own = open({ symbol: "AAPL", interval: "2m" as "1m" });
    await expect.poll(() => errors.length, { timeout: 20_000 }).toBe(1);
    expect(errors[0]).toMatchObject({ code: "interval_invalid", status: 400, lasting: true });
    own.set({ interval: "5s" });
    await expect.poll(() => own.states.get("AAPL")?.state, { timeout: 20_000 }).toBe("live");
  }, 60_000);
});
