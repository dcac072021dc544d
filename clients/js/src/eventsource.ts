// The platform's EventSource. It obeys `retry:` and comes back by itself, but it never says why it failed and
// gives up for ever on any answer but 200: then the same URL is fetched once, to read what the server has to say.

import { isStream, refusalOf, type TapecastError, unreachable } from "./errors.js";
import type { Opened, Sink, Transport } from "./transport.js";
import { NAMED } from "./types.js";

/** The part of the platform's EventSource that is used here; any implementation will do. */
export interface EventSourceLike {
  readonly readyState: number;
  addEventListener(name: string, listener: (event: { data?: unknown }) => void): void;
  close(): void;
}

export type EventSourceClass = new (url: string) => EventSourceLike;

const CLOSED = 2;
// In a row and without an event between them: from here on our own growing waits are kinder to the server.
const FAILURES = 3;
const EXPLAIN_MS = 5_000;

export function eventSourceTransport(
  EventSource = globalThis.EventSource as unknown as EventSourceClass | undefined,
): Transport {
  if (!EventSource) throw new TypeError("no EventSource: give `fetchTransport()`");
  return {
    open(url: string, sink: Sink): Opened {
      const source = new EventSource(url);
      const asking = new AbortController();
      let failures = 0;
      let over = false;
      let isClosed = false;
      for (const name of ["message", ...NAMED]) {
        source.addEventListener(name, ({ data }) => {
          if (over || typeof data !== "string") return;
          failures = 0;
          sink.event(name, data);
        });
      }
      source.addEventListener("error", async () => {
        if (over) return;
        failures += 1;
        sink.lost();
        if (over || (source.readyState !== CLOSED && failures < FAILURES)) return;
        over = true;
        source.close();
        const error = await explain(url, asking);
        if (!isClosed) sink.end(error ? { error } : {});
      });
      return {
        close() {
          isClosed = over = true;
          asking.abort();
          source.close();
        },
      };
    },
  };
}

/** Why `url` gives no stream; undefined if it does by now. */
async function explain(url: string, asking: AbortController): Promise<TapecastError | undefined> {
  const timer = setTimeout(() => asking.abort(), EXPLAIN_MS);
  try {
    // Not as a stream: to one of those a refusal that time mends would be told by `bye`.
    const headers = { Accept: "application/json" };
    const response = await fetch(url, { headers, cache: "no-store", signal: asking.signal });
    return isStream(response) ? undefined : await refusalOf(response);
  } catch (cause) {
    return unreachable(cause);
  } finally {
    clearTimeout(timer);
    // Also ends a stream that was opened.
    asking.abort();
  }
}
