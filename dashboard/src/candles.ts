// Bars: as the server sends them, and as they are made of the prices that this page has seen.

import type { Order } from "tapecast-client";
import type { Interval } from "./choices";
import type { Point } from "./tape";

export const SECONDS: Record<Interval, number> = { "1s": 1, "5s": 5, "1m": 60, "5m": 300, "1h": 3600 };

/** A bar of the server's; `removed`: its only trade was taken back, there is none. */
export interface WireBar {
  start: string;
  open?: number;
  high?: number;
  low?: number;
  close?: number;
  volume?: number;
  removed?: boolean;
  partial?: boolean;
}

export interface Candle extends Point {
  volume?: number;
}

export function candleOf(bar: WireBar): Candle | undefined {
  const { start, open, high, low, close, volume, removed } = bar;
  const time = Date.parse(start) / 1000;
  if (removed || Number.isNaN(time)) return undefined;
  if (open === undefined || high === undefined || low === undefined || close === undefined) return undefined;
  return { time, open, high, low, close, ...(volume === undefined ? {} : { volume }) };
}

/** Points put together to bars of this length. */
export function candlesOf(points: readonly Point[], seconds: number): Candle[] {
  const candles: Candle[] = [];
  for (const { time, open, high, low, close } of points) {
    const start = time - (time % seconds);
    const last = candles.at(-1);
    if (last?.time === start) {
      last.high = Math.max(last.high, high);
      last.low = Math.min(last.low, low);
      last.close = close;
    } else candles.push({ time: start, open, high, low, close });
  }
  return candles;
}

/** Bars by their start, kept in order, of which each new one may replace an old one. */
export class Series {
  #candles: Candle[] = [];

  get all(): readonly Candle[] {
    return this.#candles;
  }

  replace(bars: readonly WireBar[]): void {
    const found = bars.map(candleOf).filter((each) => each !== undefined);
    this.#candles = found.sort((one, other) => one.time - other.time);
  }

  /** Take one in; the answer says whether it is the newest, so that nothing but it has changed. */
  put(bar: WireBar): Candle | undefined {
    const time = Date.parse(bar.start) / 1000;
    const candle = candleOf(bar);
    const newest = this.#candles.at(-1);
    if (candle && (!newest || time >= newest.time)) {
      if (newest?.time === time) this.#candles[this.#candles.length - 1] = candle;
      else this.#candles.push(candle);
      return candle;
    }
    const others = this.#candles.filter((each) => each.time !== time);
    this.#candles = candle ? [...others, candle].sort((one, other) => one.time - other.time) : others;
    return undefined;
  }
}

export interface Fill {
  time: number;
  side: "buy" | "sell";
  text: string;
}

/** The account's own fills of a symbol, each at the bar in which it was. */
export function fillsOf(orders: readonly Order[], symbol: string, seconds: number, from: number): Fill[] {
  return orders
    .filter((order) => order.symbol === symbol && order.filled_at && order.filled_qty)
    .map(({ side, filled_at, filled_qty, filled_avg_price }): Fill => {
      const time = Math.floor(Date.parse(filled_at as string) / 1000);
      const at = filled_avg_price ? ` @ ${filled_avg_price}` : "";
      return {
        time: time - (time % seconds),
        side: side === "sell" ? "sell" : "buy",
        text: `${side === "sell" ? "S" : "B"} ${filled_qty}${at}`,
      };
    })
    .filter(({ time }) => time >= from)
    .sort((one, other) => one.time - other.time);
}
