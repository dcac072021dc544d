// The one word over the whole page. It comes from `feed` and `symbol` states: that a connection is open proves
// nothing, so LIVE never stands over a feed that is dead, nor over one stale symbol.

import type { Connection, Feed, SymbolState } from "tapecast-client";
import { marketOf } from "./markets";

export type Word =
  | "LIVE"
  | "CLOSED"
  | "STALE"
  | "RECONNECTING"
  | "CONNECTING"
  | "FAILED"
  | "REFUSED"
  | "STOPPED"
  | "EMPTY";

export type Counts = Record<SymbolState, number>;

export interface Facts {
  isStopped: boolean;
  connection: Connection;
  feeds: readonly Feed[];
  /** Of the symbols that are watched. */
  states: ReadonlyMap<string, { state: SymbolState; reason?: string }>;
}

export interface Badge {
  word: Word;
  counts: Counts;
  /** The feeds of what is watched that are not well. */
  ill: readonly Feed[];
  /** Of what is watched. */
  markets: ReadonlySet<string>;
}

const WELL = new Set(["live", "closed", "idle"]);

export function badgeOf(facts: Facts): Badge {
  const counts: Counts = { live: 0, closed: 0, stale: 0, pending: 0, refused: 0 };
  for (const { state } of facts.states.values()) counts[state] += 1;
  const markets = new Set([...facts.states.keys()].map(marketOf));
  const ill = facts.feeds.filter(({ market, state }) => markets.has(market) && !WELL.has(state));
  return { word: wordOf(facts, counts, ill), counts, ill, markets };
}

function wordOf({ isStopped, connection, states }: Facts, counts: Counts, ill: readonly Feed[]): Word {
  if (isStopped) return "STOPPED";
  if (!states.size) return "EMPTY";
  if (connection.state === "refused") return "REFUSED";
  if (connection.state === "reconnecting") return "RECONNECTING";
  if (connection.state !== "open") return "CONNECTING";
  if (ill.some(({ state }) => state === "failed")) return "FAILED";
  if (counts.stale) return "STALE";
  if (ill.some(({ state }) => state === "reconnecting")) return "RECONNECTING";
  if (ill.length) return "CONNECTING";
  if (counts.live) return "LIVE";
  if (counts.pending) return "CONNECTING";
  return counts.closed ? "CLOSED" : "REFUSED";
}
