import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type EventSourceClass, eventSourceTransport } from "../src/eventsource.js";
import type { Sink } from "../src/transport.js";
import { PATIENCE_MS } from "./fakes.js";

class FakeEventSource {
  static last: FakeEventSource;
  readyState = 0;
  readonly #target = new EventTarget();

  constructor(readonly url: string) {
    FakeEventSource.last = this;
  }

  addEventListener(name: string, listener: (event: { data?: unknown }) => void): void {
    this.#target.addEventListener(name, (event) => listener(event as MessageEvent));
  }

  say(name: string, data: string): void {
    this.#target.dispatchEvent(new MessageEvent(name, { data }));
  }

  fail(readyState: number): void {
    this.readyState = readyState;
    this.#target.dispatchEvent(new Event("error"));
  }

  close(): void {
    this.readyState = 2;
  }
}

const asked = vi.fn<typeof fetch>();
const seen: unknown[] = [];
const sink: Sink = {
  event: (name, data) => seen.push([name, data]),
  lost: () => seen.push("lost"),
  end: ({ error }) => seen.push(error ?? "end"),
};

beforeEach(() => {
  seen.length = 0;
  asked.mockReset();
  vi.stubGlobal("fetch", asked);
});
afterEach(() => vi.unstubAllGlobals());

function open() {
  return eventSourceTransport(FakeEventSource).open("http://test/stream?prices=AAPL", sink);
}

function refusal(status: number, code: string, headers = {}): Response {
  return new Response(JSON.stringify({ error: { code, message: "no" } }), { status, headers });
}

test("takes the platform's own class", () => {
  const own: EventSourceClass = {} as typeof EventSource;
  expect(own).toBeDefined();
  // As in Node 20.
  vi.stubGlobal("EventSource", undefined);
  expect(() => eventSourceTransport()).toThrow("fetchTransport");
});

test("hears ticks and every named event", () => {
  open();
  FakeEventSource.last.say("message", "1");
  FakeEventSource.last.say("portfolio", "2");
  FakeEventSource.last.say("heartbeat", "3");
  expect(seen).toEqual([
    ["message", "1"],
    ["portfolio", "2"],
    ["heartbeat", "3"],
  ]);
});

test("leaves the coming back to the platform", async () => {
  open();
  FakeEventSource.last.fail(0);
  expect(seen).toEqual(["lost"]);
  expect(asked).not.toHaveBeenCalled();
});

test("asks once why the platform gave up, as JSON", async () => {
  asked.mockResolvedValue(refusal(403, "forbidden"));
  open();
  FakeEventSource.last.fail(2);
  await vi.waitFor(() => expect(seen).toHaveLength(2), PATIENCE_MS);
  expect(seen[1]).toMatchObject({ code: "forbidden", message: "no", status: 403, lasting: true });
  expect(asked).toHaveBeenCalledOnce();
  expect(asked.mock.calls[0]).toMatchObject([
    "http://test/stream?prices=AAPL",
    { headers: { Accept: "application/json" } },
  ]);
});

test.each([
  [
    "a refusal that time mends",
    () => refusal(429, "too_many_streams", { "Retry-After": "7" }),
    { code: "too_many_streams", lasting: false, retryAfterMs: 7_000 },
  ],
  [
    "a proxy's error page",
    () => new Response("<html>", { status: 502 }),
    { code: "unreachable", status: 502, lasting: false },
  ],
  [
    "a page that is no stream",
    () => new Response("<html>", { headers: { "Content-Type": "text/html" } }),
    { code: "not_a_stream", lasting: true },
  ],
  [
    "a path that is not there",
    () => new Response("nope", { status: 404 }),
    { code: "not_a_stream", status: 404, lasting: true },
  ],
  [
    "JSON of something else",
    () => new Response('{"error":"x"}', { status: 400 }),
    { code: "not_a_stream", lasting: true },
  ],
])("tells %s", async (_, answer, error) => {
  asked.mockImplementation(async () => answer());
  open();
  FakeEventSource.last.fail(2);
  await vi.waitFor(() => expect(seen).toHaveLength(2), PATIENCE_MS);
  expect(seen[1]).toMatchObject(error);
});

test("tells that nobody answers", async () => {
  asked.mockRejectedValue(new TypeError("fetch failed"));
  open();
  FakeEventSource.last.fail(2);
  await vi.waitFor(() => expect(seen[1]).toMatchObject({ code: "unreachable", lasting: false }), PATIENCE_MS);
});

test("has no error if it works by now, and leaves that stream", async () => {
  let isLeft = false;
  asked.mockImplementation(async (_, options) => {
    options?.signal?.addEventListener("abort", () => {
      isLeft = true;
    });
    return new Response("", { headers: { "Content-Type": "text/event-stream; charset=utf-8" } });
  });
  open();
  FakeEventSource.last.fail(2);
  await vi.waitFor(() => expect(seen).toEqual(["lost", "end"]), PATIENCE_MS);
  expect(isLeft).toBe(true);
});

test("takes over after three failures in a row", async () => {
  asked.mockRejectedValue(new TypeError("fetch failed"));
  open();
  FakeEventSource.last.fail(0);
  FakeEventSource.last.fail(0);
  FakeEventSource.last.say("bye", "{}");
  FakeEventSource.last.fail(0);
  FakeEventSource.last.fail(0);
  expect(FakeEventSource.last.readyState).toBe(0);
  FakeEventSource.last.fail(0);
  expect(FakeEventSource.last.readyState).toBe(2);
  await vi.waitFor(() => expect(seen.at(-1)).toMatchObject({ code: "unreachable" }), PATIENCE_MS);
});

test("says nothing more once it is closed", async () => {
  let refuse = (_: unknown) => {};
  asked.mockReturnValue(
    new Promise((_, reject) => {
      refuse = reject;
    }),
  );
  const opened = open();
  FakeEventSource.last.fail(2);
  opened.close();
  refuse(new Error("aborted"));
  FakeEventSource.last.say("message", "1");
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(seen).toEqual(["lost"]);
});
