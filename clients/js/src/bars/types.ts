// Bars as the server sends them, field by field (docs/bars.md is the contract).

/** The length of a bar. */
export type BarInterval = "1s" | "5s" | "1m" | "5m" | "1h";

/** `venue`: the venue's own bars of before are in. `own`: they begin with the first trade that the server heard. */
export type BarHistory = "venue" | "own";

interface Word {
  /** Its first instant, RFC 3339 in UTC. It names the bar: one replaces the other of the same `start`. */
  start: string;
  /** Its time is over. */
  closed?: boolean;
  /** It was closed and has changed since, or is told first after a later one. */
  corrected?: boolean;
  epoch: number;
  seq: number;
}

/** One bar, of the trades in it by the venue's time. An interval without a trade has none. */
export interface Bar extends Word {
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  trades: number;
  /** Left out where nothing counted as volume. */
  vwap?: number;
  /** It may lack trades that the server did not hear. */
  partial?: boolean;
  removed?: never;
}

/** The only trade of a bar never was: there is none of this start. */
export interface RemovedBar extends Word {
  removed: true;
}

export interface BarsOf {
  symbol: string;
  interval: BarInterval;
}

/** All bars of a symbol, oldest first, the last one perhaps forming. They replace what was known. */
export interface BarsImage extends BarsOf {
  history: BarHistory;
  bars: Bar[];
  /** The newest bars may lack trades: the server has yet to hear of the venue's newest. Another image follows. */
  partial?: true;
}

/** One bar is new, or has changed. */
export type BarUpdate = BarsOf & (Bar | RemovedBar);

export interface BarsEvents {
  bars: BarsImage;
  bar: BarUpdate;
}
