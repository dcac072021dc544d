/** What a page wants to hear. */
export interface Wants {
  symbols: readonly string[];
  positions: boolean;
  status: boolean;
  /** The least milliseconds between two frames of prices; undefined leaves it to the server. */
  interval: number | undefined;
}

/** Upper-cased and taken once, as the server does. */
export function symbolsOf(names: Iterable<string>): Set<string> {
  const symbols = new Set<string>();
  for (const name of names) {
    const symbol = name.trim().toUpperCase();
    if (symbol) symbols.add(symbol);
  }
  return symbols;
}

/** The query that asks for it; empty if nothing is wanted. The same wants give the same query. */
export function queryOf({ symbols, positions, status, interval }: Wants): string {
  const parts: string[] = [];
  if (symbols.length) parts.push(`prices=${[...symbols].sort().map(encodeURIComponent).join(",")}`);
  if (positions) parts.push("positions");
  if (status) parts.push("status");
  if (parts.length && interval !== undefined) parts.push(`interval=${interval}`);
  return parts.join("&");
}

/** What several pages want together. Of intervals the shortest wins, and none is the shortest. */
export function unionOf(all: Wants[]): Wants {
  // Who wants no prices and no positions has no say in how often they come.
  const intervals = all.map(({ symbols, positions, interval = -1 }) =>
    symbols.length || positions ? interval : Infinity,
  );
  const interval = Math.min(...intervals);
  return {
    symbols: [...new Set(all.flatMap(({ symbols }) => symbols))],
    positions: all.some(({ positions }) => positions),
    status: all.some(({ status }) => status),
    interval: interval < 0 || interval === Infinity ? undefined : interval,
  };
}
