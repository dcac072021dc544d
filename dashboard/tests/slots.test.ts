import { afterEach, describe, expect, it, vi } from "vitest";
import { askBars } from "../src/bars";
import { SLOTS, takeSlot } from "../src/slots";

/** As a browser's, for requests that do not wait. */
function locksOfOneBrowser(): LockManager {
  const held = new Set<string>();
  const request = async (name: string, _: LockOptions, hold: (lock: Lock | null) => unknown) => {
    const isFree = !held.has(name);
    held.add(name);
    await hold(isFree ? { name, mode: "exclusive" } : null);
    if (isFree) held.delete(name);
  };
  return { request } as unknown as LockManager;
}

describe("slots for streams of bars", () => {
  it("are as many as they are, and free again when their holder goes", async () => {
    const locks = locksOfOneBrowser();
    const windows = Array.from({ length: SLOTS + 1 }, () => new AbortController());
    const had = [];
    for (const { signal } of windows) had.push(await takeSlot(locks, signal));
    expect(had).toEqual([...Array(SLOTS).fill(true), false]);
    windows[1]?.abort();
    await vi.waitFor(async () => expect(await takeSlot(locks, new AbortController().signal)).toBe(true));
  });

  it("are not held by who has gone meanwhile", async () => {
    const locks = locksOfOneBrowser();
    for (let each = 0; each <= SLOTS; each += 1) await takeSlot(locks, AbortSignal.abort());
    expect(await takeSlot(locks, new AbortController().signal)).toBe(true);
  });
});

describe("bars that are asked for", () => {
  const { signal } = new AbortController();
  const answers = (body: string, status = 200) =>
    vi.stubGlobal("fetch", async () => new Response(body, { status }));

  afterEach(() => vi.unstubAllGlobals());

  it("come with their history", async () => {
    answers('{"bars": [{"symbol": "A", "interval": "1m", "history": "venue", "bars": [{"open": 1}]}]}');
    expect(await askBars("/bars", signal)).toMatchObject({ history: "venue", bars: [{ open: 1 }] });
  });

  it("may not be there yet", async () => {
    answers('{"bars": [], "missing": [{"symbol": "A", "reason": "no_bars"}]}');
    expect(await askBars("/bars", signal)).toEqual({ bars: [], history: undefined, error: undefined });
  });

  it.each([
    ['{"error": {"code": "ticket_expired", "message": ""}}', 401, "ticket_expired"],
    ["<h1>no upstream</h1>", 502, "unreachable"],
  ])("say why they do not: %s", async (body, status, code) => {
    answers(body, status);
    expect((await askBars("/bars", signal)).error?.code).toBe(code);
  });
});
