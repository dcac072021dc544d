// Bars as the chart has them, and where the account's own fills stand on them.

import type { Order } from "tapecast-client";
import { exactPrice, exactQuantity } from "./format";

/** A bar of the server's; `removed`: its only trade was taken back, there is none. */
export interface WireBar {
  start: string;
  open?: number;
  high?: number;
  low?: number;
  close?: number;
  volume?: number;
  removed?: boolean;
}

export interface Candle {
  /** Seconds since the epoch. */
  time: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume?: number;
}

export function candleOf(bar: WireBar): Candle | undefined {
  const { start, open, high, low, close, volume, removed } = bar;
  const time = Date.parse(start) / 1000;
  if (removed || Number.isNaN(time)) return undefined;
  if (open === undefined || high === undefined || low === undefined || close === undefined) return undefined;
  return { time, open, high, low, close, ...(volume === undefined ? {} : { volume }) };
}

const inOrder = (candles: Candle[]) => candles.sort((one, other) => one.time - other.time);

export function wholeOf(bars: readonly WireBar[]): readonly Candle[] {
  return inOrder(bars.map(candleOf).filter((each) => each !== undefined));
}

/** The same with one more bar, which replaces that of its start or takes it away. */
export function taken(candles: readonly Candle[], bar: WireBar): readonly Candle[] {
  const time = Date.parse(bar.start) / 1000;
  const candle = candleOf(bar);
  const others = candles.filter((each) => each.time !== time);
  return candle ? inOrder([...others, candle]) : others;
}

export interface Fill {
  /** Of the candle at which it stands. */
  time: number;
  side: "buy" | "sell";
  text: string;
}

/** The account's own fills of a symbol, each at the newest candle that had begun by then: a quote that is met prints nothing. */
export function fillsOf(orders: readonly Order[], symbol: string, candles: readonly Candle[]): Fill[] {
  const fills: Fill[] = [];
  for (const { symbol: of, side, filled_at, filled_qty, filled_avg_price } of orders) {
    if (of !== symbol || !filled_at || !filled_qty) continue;
    const moment = Date.parse(filled_at) / 1000;
    const candle = candles.findLast(({ time }) => time <= moment);
    if (!candle) continue;
    const at = filled_avg_price ? ` @ ${exactPrice(filled_avg_price)}` : "";
    const sign = side === "sell" ? "S" : "B";
    fills.push({
      time: candle.time,
      side: side === "sell" ? "sell" : "buy",
      text: `${sign} ${exactQuantity(filled_qty)}${at}`,
    });
  }
  return fills.sort((one, other) => one.time - other.time);
}
