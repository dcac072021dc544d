// The types against what a real server sends: a field that it sends and that no type names is a failure.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fetchTransport } from "../src/index.js";
import type { Opened } from "../src/transport.js";
import { NAMED } from "../src/types.js";
import { freePort, python, Server } from "./server.js";
import { complaints, type Sample } from "./typecheck.js";

const PATHS = [
  "/stream?prices=AAPL,BTC%2FUSD,BAD!&positions&status&interval=50",
  "/stream/bars?symbols=AAPL,BTC%2FUSD&interval=1s",
];
// Their values are part of the type.
const WORDS = /^(state|side|history|interval|market|event|removed)$/;

/** Which fields there are, of which kinds. What is alike but for its figures is looked at once. */
function shapeOf(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) return [...new Set(value.map((each) => JSON.stringify(shapeOf(each))))].sort();
  if (value === null || typeof value !== "object")
    return WORDS.test(key) ? value : value === null || typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, shapeOf(each, name)]));
}

describe("what the compiler is asked", () => {
  const feed = { feed: "iex", market: "us_equity", state: "live" };

  test("passes what is of the type, and finds what is not", () => {
    expect(complaints([["feed", JSON.stringify(feed)]])).toEqual([]);
    const wrong = [
      { ...feed, unheard_of: 1 },
      { ...feed, state: "dead" },
      { ...feed, since: null },
      { feed: "iex", state: "live" },
    ];
    const found = complaints(wrong.map((each) => ["feed", JSON.stringify(each)]));
    expect(found.map((line) => /(?<=\()\d+/.exec(line)?.[0])).toEqual(["4", "5", "6", "7"]);
    expect(found[0]).toContain("'\"unheard_of\"' does not exist in type 'Feed'");
    const order = { event: "fill", order: { id: "1", legs: [{ id: "2", leg_of: "1" }] } };
    expect(complaints([["order", JSON.stringify(order)]])[0]).toContain("'\"leg_of\"' does not exist");
    const removed = { symbol: "A", interval: "1s", start: "", removed: true, close: 1, epoch: 1, seq: 1 };
    expect(complaints([["bar", JSON.stringify(removed)]])).toHaveLength(1);
  });
});

describe.skipIf(!python)("every event of a server", () => {
  const samples = new Map<string, Sample>();
  const counts = new Map<string, number>();
  let server: Server;
  let opened: Opened[] = [];

  beforeAll(async () => {
    server = new Server(await freePort());
    await server.start();
    const event = (message: string, data: string) => {
      const name = message === "message" ? "tick" : message;
      counts.set(name, (counts.get(name) ?? 0) + 1);
      const key = `${name} ${JSON.stringify(shapeOf(JSON.parse(data)))}`;
      if (!samples.has(key)) samples.set(key, [name, data]);
    };
    const sink = { event, lost: () => {}, end: () => {} };
    opened = PATHS.map((path) => fetchTransport().open(server.url + path, sink));
  });

  afterAll(async () => {
    for (const each of opened) each.close();
    await server?.stop("SIGKILL");
  });

  test("is of its type, field by field", async () => {
    const has = (name: string, text: RegExp) =>
      [...samples.values()].some(([of, data]) => of === name && text.test(data));
    // The demo trader's orders are filled now and then.
    await expect.poll(() => has("order", /"event":"fill"/), { timeout: 40_000 }).toBe(true);
    await expect.poll(() => has("bar", /"closed":true/), { timeout: 40_000 }).toBe(true);
    await expect.poll(() => has("status", /"market":"account"/), { timeout: 40_000 }).toBe(true);
    await expect.poll(() => has("symbol", /"refused"/), { timeout: 40_000 }).toBe(true);
    await expect.poll(() => counts.has("heartbeat"), { timeout: 40_000 }).toBe(true);
    await server.stop();
    await expect.poll(() => counts.get("bye"), { timeout: 40_000 }).toBe(PATHS.length);
    expect([...counts.keys()].sort()).toEqual([...NAMED, "tick"].sort());
    expect(complaints([...samples.values()])).toEqual([]);
  }, 240_000);
});
