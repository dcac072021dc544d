// tapecast-client: live prices from a tapecast server. The way of an event through these files:
//
//   transport (eventsource, fetch)  bytes to named events, and why a stream ended
//   link                            opens, watches, comes back; tickets, backoff, watchdog
//   store                           what replaces what; snapshots
//   client                          what a page uses

import { TapecastClient } from "./client.js";
import type { ConnectOptions } from "./options.js";

/** Open a stream. It comes back by itself until `close()`. */
export function connect(options: ConnectOptions = {}): TapecastClient {
  return new TapecastClient(options);
}

export type { ClientEvents, Subjects, TapecastClient } from "./client.js";
export type { Clock } from "./clock.js";
export type { Connection, ConnectionState } from "./connection.js";
export { type LocalCode, TapecastError } from "./errors.js";
export { type EventSourceClass, type EventSourceLike, eventSourceTransport } from "./eventsource.js";
export { type FetchOptions, fetchTransport } from "./fetch.js";
export type { ConnectOptions } from "./options.js";
export type { TicketSource } from "./tickets.js";
export type { Opened, Sink, Transport } from "./transport.js";
export type * from "./types.js";
