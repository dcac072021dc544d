// What the server sends, field by field and under the server's names (docs/http.md is the contract).
// Fields that are not named here pass through untouched. A number is a JSON number as JavaScript reads it,
// that is a 64-bit float, money included: show it, but do not add up a ledger with it.

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
  simulated?: boolean;
}

/** One position, under the field names of Alpaca's REST API. Money is in plain numbers, see above. */
export interface Position {
  symbol: string;
  side?: string;
  qty?: number;
  qty_available?: number;
  avg_entry_price?: number;
  current_price?: number;
  lastday_price?: number;
  change_today?: number;
  cost_basis?: number;
  market_value?: number;
  unrealized_pl?: number;
  unrealized_plpc?: number;
  unrealized_intraday_pl?: number;
  unrealized_intraday_plpc?: number;
  asset_id?: string;
  asset_class?: string;
  asset_marginable?: boolean;
  exchange?: string;
  /** How old the price was when this was sent. */
  price_age_ms?: number;
  /** Whether that price may be believed. */
  state?: SymbolState;
}

/** All positions of the account; what is not in the list is not held any more. */
export interface Positions {
  account?: string;
  as_of?: string;
  simulated?: boolean;
  positions: Position[];
}

/** Totals of the account. */
export interface Portfolio {
  account?: string;
  as_of?: string;
  simulated?: boolean;
  equity?: number;
  last_equity?: number;
  cash?: number;
  buying_power?: number;
  market_value?: number;
  unrealized_pl?: number;
  unrealized_intraday_pl?: number;
}

/** One order, under the field names of Alpaca's REST API. */
export interface Order {
  id: string;
  client_order_id?: string;
  symbol?: string;
  side?: string;
  type?: string;
  status?: string;
  qty?: number | null;
  notional?: number | null;
  filled_qty?: number | null;
  filled_avg_price?: number | null;
  limit_price?: number | null;
  stop_price?: number | null;
  time_in_force?: string;
  created_at?: string | null;
  submitted_at?: string | null;
  filled_at?: string | null;
  canceled_at?: string | null;
}

/** The recent orders, newest first. */
export interface Orders {
  orders: Order[];
}

/** What happened to one order: `new`, `fill`, `partial_fill`, `canceled`, … */
export interface OrderUpdate {
  event: string;
  order: Order;
  timestamp?: string;
  /** Of a fill. */
  price?: number;
  qty?: number;
  position_qty?: number;
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
}

/** First on every connect. */
export interface Hello {
  /** Microseconds since the epoch. */
  server_time: number;
  /** The milliseconds between two frames that were granted. */
  interval: number;
  version: string;
  feeds: Feed[];
}

/** Every `KEEPALIVE_S` of the server. */
export interface Heartbeat {
  server_time: number;
}

/** The last words of a stream that the server ends. */
export interface Bye {
  code: "draining" | "max_age" | "too_many_streams" | "ticket_expired" | "cache_unavailable" | (string & {});
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
] as const satisfies readonly WireName[];
