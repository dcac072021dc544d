// The account as the server sends it, under the field names of Alpaca's REST API. Fractions, not percent: the `plpc`
// of 0.0084 is 0.84 %. A number is a 64-bit float here, money included: show it, but do not add up a ledger with it.

import type { FeedState, SymbolState, SymbolStatus } from "./types.js";

/** What stands in every event of the account. */
export interface Invented {
  /** The account is invented: none of this is money. Left out of a real one. */
  simulated?: boolean;
}

/** One position. */
export interface Position extends Invented {
  symbol: string;
  side?: "long" | "short" | (string & {});
  // Alpaca gives some of these as null, as where it has no price.
  /** Negative where it is held short. */
  qty?: number;
  qty_available?: number;
  avg_entry_price?: number;
  /** The newer of two: our last trade, or the price that Alpaca had when it was asked. */
  current_price?: number | null;
  lastday_price?: number;
  change_today?: number | null;
  cost_basis?: number;
  market_value?: number | null;
  unrealized_pl?: number | null;
  unrealized_plpc?: number | null;
  unrealized_intraday_pl?: number | null;
  unrealized_intraday_plpc?: number | null;
  asset_id?: string;
  asset_class?: string;
  asset_marginable?: boolean;
  exchange?: string;
  swap_rate?: number;
  avg_entry_swap_rate?: number;
  usd?: number;
  /** How old the price was when this was sent. */
  price_age_ms?: number;
  /** Whether that price may be believed: `live` and `closed` may. */
  state?: SymbolState;
  /** Why not. As of symbols, and `multiplier_unknown` or `quantity_unknown`: the figures are Alpaca's and stand. */
  reason?: string;
  /** Where the price is Alpaca's: when it was read. */
  as_of?: string;
}

/** All positions of the account; what is not in the list is not held any more. */
export interface Positions extends Invented {
  account?: string;
  as_of?: string;
  positions: Position[];
}

/** Sums of the positions of one class. */
export interface ClassTotals {
  count: number;
  market_value?: number;
  unrealized_pl?: number;
  unrealized_intraday_pl?: number;
}

/** Totals of the account. What Alpaca does not tell is left out, and never zero. */
export interface Portfolio extends Invented {
  account?: string;
  as_of?: string;
  /** Whether the account is kept up to date, as in its `feed` event. */
  state?: FeedState;
  reason?: string;
  /** Alpaca's word on the account itself: `ACTIVE`, … */
  status?: string;
  currency?: string;
  /** Alpaca's figure, and what the positions have gained since it was read. */
  equity?: number;
  /** At the close of the last trading day. */
  last_equity?: number;
  /** `equity` against `last_equity`. */
  day_pl?: number;
  day_plpc?: number;
  long_market_value?: number;
  short_market_value?: number;
  position_market_value?: number;
  unrealized_pl?: number;
  unrealized_plpc?: number;
  unrealized_intraday_pl?: number;
  /** How many positions there are. */
  count?: number;
  by_asset_class?: Record<string, ClassTotals>;
  /** Positions whose price is not current: the totals are no better than these. */
  stale?: SymbolStatus[];
  /** Symbols of positions without any value: no sum has them. */
  unpriced?: string[];
  /** The age of the oldest price in the totals. */
  price_age_ms?: number;
  // As Alpaca said at `as_of`: no price moves these.
  cash?: number;
  buying_power?: number;
  effective_buying_power?: number;
  regt_buying_power?: number;
  daytrading_buying_power?: number;
  non_marginable_buying_power?: number;
  options_buying_power?: number;
  initial_margin?: number;
  maintenance_margin?: number;
  last_maintenance_margin?: number;
  accrued_fees?: number;
  pending_transfer_in?: number;
  pending_transfer_out?: number;
  pending_reg_taf_fees?: number;
  intraday_adjustments?: number;
  sma?: number;
}

/** One order. */
export interface Order {
  id: string;
  client_order_id?: string;
  /** Empty for an order of several legs. */
  symbol?: string | null;
  asset_id?: string | null;
  asset_class?: string | null;
  side?: "buy" | "sell" | (string & {}) | null;
  /** `market`, `limit`, `stop`, `stop_limit`, `trailing_stop`. */
  type?: string;
  order_type?: string;
  /** `simple`, `bracket`, `oco`, `oto`, `mleg`. */
  order_class?: string;
  position_intent?: string | null;
  status?: string;
  time_in_force?: string;
  extended_hours?: boolean;
  qty?: number | null;
  /** Where it was ordered for an amount of money. */
  notional?: number | null;
  filled_qty?: number | null;
  filled_avg_price?: number | null;
  limit_price?: number | null;
  stop_price?: number | null;
  trail_percent?: number | null;
  trail_price?: number | null;
  /** Of a trailing stop: the best price so far. */
  hwm?: number | null;
  ratio_qty?: number | null;
  commission?: number | null;
  created_at?: string | null;
  /** Of two words on one order that of the later time stands. */
  updated_at?: string | null;
  submitted_at?: string | null;
  filled_at?: string | null;
  expires_at?: string | null;
  expired_at?: string | null;
  canceled_at?: string | null;
  failed_at?: string | null;
  replaced_at?: string | null;
  replaced_by?: string | null;
  replaces?: string | null;
  legs?: Order[] | null;
  subtag?: string | null;
  source?: string | null;
}

/** The recent orders, newest first. */
export interface Orders extends Invented {
  orders: Order[];
}

/** What happened to one order: `new`, `fill`, `partial_fill`, `canceled`, … */
export interface OrderUpdate extends Invented {
  event: string;
  order: Order;
  timestamp?: string;
  at?: string;
  event_id?: string;
  execution_id?: string;
  /** Of a fill. */
  price?: number | null;
  qty?: number | null;
  /** What is held after it. */
  position_qty?: number | null;
  position_qtys?: Record<string, number>;
  legs?: Order[] | null;
}
