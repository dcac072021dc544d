import { expect, test, vi } from "vitest";
import { fetchTransport } from "../src/fetch.js";
import type { Sink } from "../src/transport.js";
import { PATIENCE_MS } from "./fakes.js";

const STREAM = { headers: { "Content-Type": "text/event-stream" } };

function record() {
  const seen: unknown[] = [];
  const sink: Sink = {
    event: (name, data) => seen.push([name, data]),
    lost: () => seen.push("lost"),
    end: (over) => seen.push(over),
  };
  return { seen, sink };
}

function body(...pieces: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
}

test("reads a stream whose characters are cut in two, and tells the server's retry", async () => {
  const bytes = new TextEncoder().encode('retry: 700\ndata: {"name":"Zürich €"}\n\n');
  const pieces = [...bytes].map((byte) => Uint8Array.of(byte));
  const { seen, sink } = record();
  fetchTransport({ fetch: async () => new Response(body(...pieces), STREAM) }).open("http://test", sink);
  await vi.waitFor(() => expect(seen).toHaveLength(2), PATIENCE_MS);
  expect(seen).toEqual([["message", '{"name":"Zürich €"}'], { retryMs: 700 }]);
});

test("sends headers", async () => {
  const fetch = vi.fn<typeof globalThis.fetch>(async () => new Response(body(), STREAM));
  const { seen, sink } = record();
  fetchTransport({ fetch, headers: { Authorization: "Bearer x" } }).open("http://test/s", sink);
  await vi.waitFor(() => expect(seen).toHaveLength(1), PATIENCE_MS);
  expect(fetch.mock.calls[0]).toMatchObject([
    "http://test/s",
    { headers: { Accept: "text/event-stream", Authorization: "Bearer x" } },
  ]);
});

test("tells a refusal", async () => {
  const answer = { error: { code: "unauthorized", message: "no" } };
  const { seen, sink } = record();
  fetchTransport({ fetch: async () => Response.json(answer, { status: 401 }) }).open("http://test", sink);
  await vi.waitFor(
    () => expect(seen).toMatchObject([{ error: { code: "unauthorized", status: 401 } }]),
    PATIENCE_MS,
  );
});

test("tells that nobody answers", async () => {
  const { seen, sink } = record();
  const fetch = async () => {
    throw new TypeError("fetch failed");
  };
  fetchTransport({ fetch }).open("http://test", sink);
  await vi.waitFor(() => expect(seen).toMatchObject([{ error: { code: "unreachable" } }]), PATIENCE_MS);
});

test("a stream that breaks has no error, and comes back as the server said", async () => {
  const broken = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode("retry: 800\ndata: x\n\n"));
    },
    pull(controller) {
      controller.error(new TypeError("terminated"));
    },
  });
  const { seen, sink } = record();
  fetchTransport({ fetch: async () => new Response(broken, STREAM) }).open("http://test", sink);
  await vi.waitFor(() => expect(seen).toEqual([["message", "x"], { retryMs: 800 }]), PATIENCE_MS);
});

test("says nothing more once it is closed", async () => {
  const { seen, sink } = record();
  const fetch: typeof globalThis.fetch = (_, options) =>
    new Promise((_resolve, reject) =>
      options?.signal?.addEventListener("abort", () => reject(new Error("aborted"))),
    );
  fetchTransport({ fetch }).open("http://test", sink).close();
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(seen).toEqual([]);
});
