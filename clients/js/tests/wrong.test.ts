// What answers where a tapecast should: each has an error of its own, in words, and is tried again in its time.

import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import { afterEach, expect, test, vi } from "vitest";
import { connect, fetchTransport, type TapecastClient, type TapecastError } from "../src/index.js";
import { errorWords } from "../src/words.js";
import { freePort } from "./server.js";

let client: TapecastClient | undefined;
let server: Server | undefined;

afterEach(async () => {
  client?.close();
  server?.closeAllConnections();
  server?.close();
  client = server = undefined;
});

async function serve(answer: (response: ServerResponse) => void): Promise<string> {
  const port = await freePort();
  server = createServer((_, response) => answer(response)).listen(port, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${port}`;
}

/** The first error of a client there. */
async function errorAt(url: string): Promise<TapecastError> {
  const errors: TapecastError[] = [];
  client = connect({ url, symbols: ["AAPL"], transport: fetchTransport() });
  client.on("error", (error) => errors.push(error));
  await vi.waitFor(() => expect(errors).toHaveLength(1), { timeout: 5_000 });
  return errors[0] as TapecastError;
}

function html(response: ServerResponse, status: number): void {
  response.writeHead(status, { "Content-Type": "text/html" }).end("<!doctype html><p>Hello</p>");
}

function json(response: ServerResponse, status: number, code: string, headers = {}): void {
  response.writeHead(status, { "Content-Type": "application/json", ...headers });
  response.end(JSON.stringify({ error: { code, message: `the server says ${code}` } }));
}

test.each<[string, (response: ServerResponse) => void, object, RegExp]>([
  [
    "a page",
    (response) => html(response, 200),
    { code: "not_a_stream", status: 200, lasting: true },
    /^There is no tapecast at this address/,
  ],
  [
    "a page that is not found",
    (response) => html(response, 404),
    { code: "not_a_stream", status: 404, lasting: true },
    /^There is no tapecast at this address/,
  ],
  [
    "a tapecast under another path",
    (response) => json(response, 404, "not_found"),
    { code: "not_found", status: 404, lasting: true, message: "the server says not_found" },
    /^There is no tapecast at this address/,
  ],
  [
    "a server that wants a ticket",
    (response) => json(response, 401, "unauthorized"),
    { code: "unauthorized", status: 401, lasting: true },
    /wants a ticket/,
  ],
  [
    "a server that shows it to nobody",
    (response) => json(response, 403, "forbidden"),
    { code: "forbidden", status: 403, lasting: true },
    /not shown here/,
  ],
  [
    "a server that ends",
    (response) => json(response, 503, "draining", { "Retry-After": "2" }),
    { code: "draining", status: 503, lasting: false, retryAfterMs: 2_000 },
    /restarting/,
  ],
  [
    "a proxy without its server",
    (response) => html(response, 503),
    { code: "unreachable", status: 503, lasting: false },
    /HTTP 503, the server itself does not/,
  ],
])("%s", async (_, answer, wanted, words) => {
  const error = await errorAt(await serve(answer));
  expect(error).toMatchObject(wanted);
  expect(errorWords(error)).toMatch(words);
  expect(client?.connection).toMatchObject({
    state: error.lasting ? "refused" : "reconnecting",
    reason: error.code,
  });
  expect(client?.connection.retryAt).toBeGreaterThan(Date.now());
  expect(client?.states.get("AAPL")).toMatchObject({ state: "pending", reason: "connection_lost" });
});

test("nobody", async () => {
  const error = await errorAt(`http://127.0.0.1:${await freePort()}`);
  expect(error).toMatchObject({ code: "unreachable", status: undefined, lasting: false });
  expect(errorWords(error)).toMatch(/^The server does not answer/);
  expect(client?.connection.state).toBe("reconnecting");
});

test("no URL at all", async () => {
  expect(await errorAt("http://not a host")).toMatchObject({ code: "unreachable", lasting: false });
});
