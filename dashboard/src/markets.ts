import type { Feed } from "tapecast-client";

/** Which market a symbol is of; the server decides by the same forms (docs/http.md). */
export function marketOf(symbol: string): string {
  if (symbol.includes("/")) return "crypto";
  return /^[A-Z]{1,6}\d{6}[CP]\d{8}$/.test(symbol) ? "us_option" : "us_equity";
}

const NAMES: Record<string, string> = {
  us_equity: "Stocks",
  crypto: "Crypto",
  us_option: "Options",
  account: "Account",
};

export function nameOf(market: string): string {
  return NAMES[market] ?? market;
}

/** What must stand beside prices that are no market's. */
export function pretenceOf(feeds: Iterable<Feed>): "SIMULATED" | "REPLAY" | undefined {
  const all = [...feeds].filter(({ market }) => market !== "account");
  if (all.some(({ feed }) => feed === "replay")) return "REPLAY";
  return all.some(({ simulated }) => simulated) ? "SIMULATED" : undefined;
}
