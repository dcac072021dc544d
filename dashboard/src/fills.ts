// Where the account's own fills stand on a chart.

import type { Order } from "tapecast-client";
import type { Bar } from "tapecast-client/bars";
import { exactPrice, exactQuantity } from "./format";

export interface Fill {
  /** Start of the bar at which it stands, in seconds since the epoch. */
  time: number;
  side: "buy" | "sell";
  text: string;
}

export function startOf({ start }: Bar): number {
  return Date.parse(start) / 1000;
}

/** Those of a symbol, each at the newest bar that had begun by then: a quote that is met prints nothing. */
export function fillsOf(orders: readonly Order[], symbol: string, bars: readonly Bar[]): Fill[] {
  const fills: Fill[] = [];
  for (const { symbol: of, side, filled_at, filled_qty, filled_avg_price } of orders) {
    if (of !== symbol || !filled_at || !filled_qty) continue;
    const moment = Date.parse(filled_at) / 1000;
    const bar = bars.findLast((each) => startOf(each) <= moment);
    if (!bar) continue;
    const at = filled_avg_price ? ` @ ${exactPrice(filled_avg_price)}` : "";
    fills.push({
      time: startOf(bar),
      side: side === "sell" ? "sell" : "buy",
      text: `${side === "sell" ? "S" : "B"} ${exactQuantity(filled_qty)}${at}`,
    });
  }
  return fills.sort((one, other) => one.time - other.time);
}
