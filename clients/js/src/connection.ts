import type { TapecastError } from "./errors.js";
import type { WireEvents, WireName } from "./types.js";
import type { Wants } from "./wants.js";

/**
 * | state          | meaning                                                                           |
 * | -------------- | --------------------------------------------------------------------------------- |
 * | `idle`         | nothing is wanted, so nothing is open                                             |
 * | `connecting`   | on the way for the first time                                                     |
 * | `open`         | the server has said `hello`; whether a price is live, its `symbol` state says     |
 * | `reconnecting` | lost; it comes back by itself                                                     |
 * | `refused`      | the server said no in a way that time alone does not mend; tried once a minute    |
 * | `closed`       | by `close()`                                                                      |
 */
export type ConnectionState = "idle" | "connecting" | "open" | "reconnecting" | "refused" | "closed";

export interface Connection {
  state: ConnectionState;
  /** The `bye` code of the server, or the code of `error`. */
  reason?: string;
  error?: TapecastError | undefined;
  /** Local milliseconds: when it is tried again, where this is known. */
  retryAt?: number;
}

/** What comes from upstream, be that a stream of this page or another tab's. */
export interface UpstreamSink {
  /** `raw` is the same as it came, for handing on without encoding it again. */
  event<Name extends WireName>(name: Name, payload: WireEvents[Name], raw: string): void;
  connection(connection: Connection): void;
  error(error: TapecastError): void;
}

/** Where a client's events come from. */
export interface Upstream {
  want(wants: Wants): void;
  /** Time may have passed unnoticed: look at the clock. */
  check(): void;
  /** The network is back: do not wait any longer. */
  hasten(): void;
  close(): void;
}
