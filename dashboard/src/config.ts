// What the page knows before it has asked anybody.

/** Where the API is: beside this page, whatever path a proxy has put before it. */
export const BASE = new URL(".", document.baseURI).href.replace(/\/$/, "");

export const DEFAULT_SYMBOLS = ["AAPL", "MSFT", "NVDA", "SPY", "BTC/USD", "ETH/USD"];

/** The server's own symbols, which it wrote into the page; else the usual ones. */
export function firstSymbols(root: ParentNode = document): string[] {
  const content = root.querySelector<HTMLMetaElement>("meta[name=tapecast-symbols]")?.content ?? "";
  const symbols = content.split(",").filter(Boolean);
  return symbols.length ? symbols : DEFAULT_SYMBOLS;
}

/** The least milliseconds between two frames of prices: faster than this nobody reads. */
export const INTERVAL_MS = 200;

export const MOST_SYMBOLS = 1000;

/** No form of a symbol that the server knows is longer: an option of a root of five letters and a digit. */
export const LONGEST_SYMBOL = 21;
