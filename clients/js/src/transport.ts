// One stream, however it is read. Two implementations: `eventsource.ts` and `fetch.ts`.

import type { TapecastError } from "./errors.js";

/** What a transport tells of one stream. After `end` it says nothing more. */
export interface Sink {
  /** Something came. `name` is that of the wire; a tick is `message`. */
  event(name: string, data: string): void;
  /** The stream broke, and the transport itself comes back. */
  lost(): void;
  /** The stream is over. `error` is why, `retryMs` what the server asked for. */
  end(over: { error?: TapecastError; retryMs?: number | undefined }): void;
}

/** A stream that is open or on its way. */
export interface Opened {
  close(): void;
}

export interface Transport {
  open(url: string, sink: Sink): Opened;
}
