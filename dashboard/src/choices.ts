// What the person at the page has chosen.

import { firstSymbols, LONGEST_SYMBOL, MOST_SYMBOLS } from "./config";
import { stored } from "./stored";

export type Theme = "system" | "dark" | "light";
export type ChartKind = "candles" | "line";
export const INTERVALS = ["1s", "5s", "1m", "5m", "1h"] as const;
export type Interval = (typeof INTERVALS)[number];

const local = () => localStorage;
const oneOf =
  <Value extends string>(...values: readonly Value[]) =>
  (found: unknown) =>
    values.find((value) => value === found);

const isShort = (symbol: string) => symbol.length <= LONGEST_SYMBOL;

export const watchlist = stored(local, "tapecast.symbols", firstSymbols, (found) =>
  Array.isArray(found) && found.every((each) => typeof each === "string") ? found.filter(isShort) : undefined,
);
export const theme = stored<Theme>(local, "tapecast.theme", () => "system", oneOf("system", "dark", "light"));
export const chartKind = stored<ChartKind>(
  local,
  "tapecast.chart",
  () => "candles",
  oneOf("candles", "line"),
);
export const chartInterval = stored<Interval>(local, "tapecast.interval", () => "1m", oneOf(...INTERVALS));
export const selected = stored<string>(
  local,
  "tapecast.selected",
  () => "",
  (found) => (typeof found === "string" && isShort(found) ? found : undefined),
);

/** A ticket is for this tab and this visit, and never stands in the page's address. */
export const ticket = stored<string>(
  () => sessionStorage,
  "tapecast.ticket",
  () => "",
  (found) => (typeof found === "string" ? found : undefined),
);

/** The symbols of a text, as typed: commas or spaces between, any case. */
export function symbolsIn(text: string): string[] {
  const found = text
    .toUpperCase()
    .split(/[\s,;]+/)
    .filter(Boolean);
  return [...new Set(found)];
}

/** What of a text is too long for a symbol: such a row could never have a price. */
export function tooLongIn(text: string): string[] {
  return symbolsIn(text).filter((symbol) => !isShort(symbol));
}

/** Add what is typed and can be a symbol; the answer is the first of it, to be shown. */
export function watch(text: string): string | undefined {
  const symbols = symbolsIn(text).filter(isShort);
  watchlist.set([...new Set([...watchlist.get(), ...symbols])].slice(0, MOST_SYMBOLS));
  return symbols[0];
}

export function unwatch(symbol: string): void {
  watchlist.set(watchlist.get().filter((each) => each !== symbol));
}

/** Whose chart is shown: what was chosen, while it is still watched. */
export function shownOf(chosen: string, symbols: readonly string[]): string | undefined {
  return symbols.includes(chosen) ? chosen : symbols[0];
}

/** Who takes the place of a symbol that goes. */
export function neighbourOf(symbol: string, symbols: readonly string[]): string | undefined {
  const at = symbols.indexOf(symbol);
  return at < 0 ? undefined : (symbols[at + 1] ?? symbols[at - 1]);
}

/** What was pasted as a ticket: the bare text, or the whole answer of `POST /tickets`. */
export function ticketIn(text: string): string {
  const trimmed = text.trim();
  try {
    const { ticket: inside } = JSON.parse(trimmed);
    return typeof inside === "string" ? inside : trimmed;
  } catch {
    return trimmed;
  }
}
