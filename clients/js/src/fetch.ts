// A stream read by `fetch`: for Node, and wherever a header must be sent. Coming back is left to the caller.

import { isStream, refusalOf, unreachable } from "./errors.js";
import { SseParser } from "./parser.js";
import type { Opened, Sink, Transport } from "./transport.js";

export interface FetchOptions {
  /** For a server that holds a token: `{ Authorization: "Bearer …" }`. A page must not have one. */
  headers?: Record<string, string>;
  fetch?: typeof globalThis.fetch;
}

export function fetchTransport({ headers = {}, fetch = globalThis.fetch }: FetchOptions = {}): Transport {
  return {
    open(url: string, sink: Sink): Opened {
      const stop = new AbortController();
      const told: Parameters<Sink["end"]>[0] = {};
      const parser = new SseParser({
        event: (name, data) => stop.signal.aborted || sink.event(name, data),
        retry: (ms) => {
          told.retryMs = ms;
        },
      });
      const read = async () => {
        try {
          const response = await fetch(url, {
            headers: { Accept: "text/event-stream", ...headers },
            cache: "no-store",
            signal: stop.signal,
          });
          if (!isStream(response) || !response.body) {
            told.error = await refusalOf(response);
            return;
          }
          const reader = response.body.getReader();
          const decoder = new TextDecoder();
          for (let part = await reader.read(); !part.done; part = await reader.read())
            parser.feed(decoder.decode(part.value, { stream: true }));
        } catch (cause) {
          // A stream that ran and broke is no mystery; one that never began is.
          if (told.retryMs === undefined) told.error = unreachable(cause);
        }
      };
      void read().then(() => stop.signal.aborted || sink.end(told));
      return { close: () => stop.abort() };
    },
  };
}
