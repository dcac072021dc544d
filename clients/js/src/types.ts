// What the server sends, field by field and under the server's names (docs/events.md is the contract).
// Fields that are not named here pass through untouched. A number is a JSON number as JavaScript reads it,
// that is a 64-bit float.

import type { Orders, OrderUpdate, Portfolio, Position, Positions } from "./account.js";

export type * from "./account.js";

/** What may be believed of one symbol. */
export type SymbolState = "pending" | "live" | "closed" | "stale" | "refused";

/** What the server says of its path to a venue. */
export type FeedState = "idle" | "connecting" | "reconnecting" | "live" | "closed" | "standby" | "failed";

/** The newest image of one symbol. It replaces the one before; a field that is unknown is left out. */
export interface Tick {
  symbol: string;
  /** Always of a trade. */
  price: number;
  size?: number;
  /** The venue's time of the trade, RFC 3339. */
  timestamp?: string;
  bid?: number;
  ask?: number;
  bid_size?: number;
  ask_size?: number;
  quote_timestamp?: string;
  /** The session so far; for crypto the UTC day. */
  open?: number;
  high?: number;
  low?: number;
  volume?: number;
  previous_close?: number;
  /** Against `previous_close`. */
  change?: number;
  /** The same in percent. */
  change_percent?: number;
  /** The bid is not below the ask. */
  crossed?: boolean;
  /** The venue took the newest trade back: this price may be of an earlier one. */
  corrected?: boolean;
  feed: string;
  epoch: number;
  seq: number;
  /** When the server received it, microseconds since the epoch. */
  ts_recv?: number;
}

/** The state of one symbol. `connection_lost` is this client's own reason, all others are the server's. */
export interface SymbolStatus {
  symbol: string;
  state: SymbolState;
  reason?: string;
}

/** The state of one feed. */
export interface Feed {
  feed: string;
  /** `us_equity`, `crypto`, `us_option`; `account` for positions and orders. */
  market: string;
  state: FeedState;
  reason?: string;
  since?: string;
  /** Of the account: when it was last read. */
  as_of?: string;
  simulated?: boolean;
}

/** The status JSON of the whole deployment. */
export interface ServerStatus {
  alpaca_connected: boolean;
  active_symbols: string[];
  stream_count: number;
  replicas: number;
  feeds: Feed[];
  lease: Record<string, { holder: string; epoch: number }>;
  refused: Record<string, string>;
  refused_count: number;
  messages_per_second: number;
  newest_tick_age_s: number | null;
  reconnects: number;
  resubscribed: number;
  rejected: Record<string, number>;
  clock_offset_s: Record<string, number>;
  version: string;
  /** As in its `feed` event; left out while nobody listens to the account. */
  account?: Feed;
}

/** First on every connect. */
export interface Hello {
  /** Microseconds since the epoch. */
  server_time: number;
  /** The milliseconds between two frames that were granted. */
  interval: number;
  version: string;
  feeds: Feed[];
  /** On a stream of bars: what was granted. */
  bars?: { interval: string; limit: number };
}

/** Every `KEEPALIVE_S` of the server. */
export interface Heartbeat {
  server_time: number;
}

/** The last words of a stream that the server ends. */
export interface Bye {
  code:
    | "draining"
    | "max_age"
    | "too_many_streams"
    | "too_many_symbols"
    | "ticket_expired"
    | "cache_unavailable"
    | (string & {});
  message: string;
}

/** Every event of the wire. A tick has no name there: it is the default event, `message`. */
export interface WireEvents {
  tick: Tick;
  symbol: SymbolStatus;
  feed: Feed;
  positions: Positions;
  position: Position;
  portfolio: Portfolio;
  orders: Orders;
  order: OrderUpdate;
  status: ServerStatus;
  hello: Hello;
  heartbeat: Heartbeat;
  bye: Bye;
}

export type WireName = keyof WireEvents;

/** The named events: an `EventSource` hears only those that it is told of. */
export const NAMED = [
  "symbol",
  "feed",
  "positions",
  "position",
  "portfolio",
  "orders",
  "order",
  "status",
  "hello",
  "heartbeat",
  "bye",
  // On a stream of bars.
  "bars",
  "bar",
] as const;
