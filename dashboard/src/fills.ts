// Where the account's own fills stand on a chart.

import type { Order } from "tapecast-client";
import type { Bar } from "tapecast-client/bars";
import { exactPrice, exactQuantity } from "./format";

/** All of one side at one bar. */
export interface Fill {
  /** Start of the bar at which they stand, in seconds since the epoch. */
  time: number;
  side: "buy" | "sell";
  qty: number;
  /** Each of them. */
  text: string;
}

// Of the chart's eleven pixels, a little more than a letter takes; and air between two of them.
const LETTER_PX = 7;
const AIR_PX = 4;

/** Where a mark stands, and what it says. */
export interface Mark {
  x: number;
  side: Fill["side"];
  label: string;
}

/** Which marks can say it without being printed over each other, the newest first. They come oldest first. */
export function legibleOf(marks: readonly Mark[]): boolean[] {
  const left = { buy: Number.POSITIVE_INFINITY, sell: Number.POSITIVE_INFINITY };
  return marks
    .toReversed()
    .map(({ x, side, label }) => {
      const half = (label.length * LETTER_PX + AIR_PX) / 2;
      const isFree = x + half <= left[side];
      if (isFree) left[side] = x - half;
      return isFree;
    })
    .reverse();
}

export function startOf({ start }: Bar): number {
  return Date.parse(start) / 1000;
}

/** The account's own of a symbol, at the newest bar that had begun by then: a quote that is met prints nothing. */
export function fillsOf(orders: readonly Order[], symbol: string, bars: readonly Bar[]): Fill[] {
  const fills = new Map<string, Fill>();
  for (const { symbol: of, side, filled_at, updated_at, filled_qty, filled_avg_price } of orders) {
    // Of one that is filled in part so far.
    const moment = Date.parse(filled_at ?? updated_at ?? "") / 1000;
    if (of !== symbol || !filled_qty) continue;
    const bar = bars.findLast((each) => startOf(each) <= moment);
    if (!bar) continue;
    const at = filled_avg_price ? ` @ ${exactPrice(filled_avg_price)}` : "";
    const sign = side === "sell" ? "S" : "B";
    const known = fills.get(`${sign} ${bar.start}`);
    const text = `${sign} ${exactQuantity(filled_qty)}${at}`;
    fills.set(`${sign} ${bar.start}`, {
      time: startOf(bar),
      side: side === "sell" ? "sell" : "buy",
      qty: filled_qty + (known?.qty ?? 0),
      // The orders come newest first.
      text: known ? `${text}, ${known.text}` : text,
    });
  }
  return [...fills.values()].sort((one, other) => one.time - other.time);
}
