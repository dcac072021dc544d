// The account in words.

import type { Feed, Order, Position } from "tapecast-client";
import { exactPrice } from "./format";

/** Which positions' prices may not be believed. */
export function doubtful(positions: readonly Position[]): string[] {
  return positions
    .filter(({ state }) => state && state !== "live" && state !== "closed")
    .map(({ symbol }) => symbol);
}

/** The orders with the legs of each behind it, every one once: a leg that had events of its own is newer as such. */
export function allOf(orders: readonly Order[]): Order[] {
  const all = new Map(orders.flatMap(({ legs }) => legs ?? []).map((leg) => [leg.id, leg]));
  for (const order of orders) all.delete(order.id);
  return orders.flatMap((order) => [order, ...(order.legs ?? []).filter(({ id }) => all.delete(id))]);
}

/** The order in words: "limit 160.10", "market". */
export function kindOf({ type = "", limit_price, stop_price }: Order): string {
  const prices = [stop_price, limit_price].map(exactPrice).filter(Boolean);
  return [type.replace("_", " "), ...prices].join(" ");
}

const OVER = new Set(["filled", "canceled", "expired", "rejected", "replaced", "done_for_day"]);

export function isOpen({ status = "" }: Order): boolean {
  return !OVER.has(status);
}

/** The newest of an order's times. */
export function momentOf({ filled_at, canceled_at, submitted_at, created_at }: Order): string | undefined {
  return filled_at ?? canceled_at ?? submitted_at ?? created_at ?? undefined;
}

/** The account's own badge: nothing of it is LIVE while what keeps it is not. None where nothing tells. */
export function accountWord(feed: Feed | undefined, positions: readonly Position[]): string | undefined {
  if (feed && feed.state !== "live") return feed.state;
  if (doubtful(positions).length) return "stale";
  if (positions.length && positions.every(({ state }) => state === "closed")) return "closed";
  return feed || positions.length ? "live" : undefined;
}
