// The server's bars: asked for once, to learn whether it has any, then streamed. History and news come joined.

import type { WireBar } from "./candles";

export interface BarsSink {
  /** All that is known; it replaces what was shown. `history`: `venue` where it reaches back before the server. */
  all(bars: readonly WireBar[], history: string): void;
  one(bar: WireBar): void;
  /** This server makes no bars. */
  none(): void;
}

interface Ask {
  base: string;
  symbol: string;
  interval: string;
  ticket: string;
  /** Whether the page says that there are any. */
  isMade: boolean;
}

export const LIMIT = 500;
const PACE_MS = 250;
const AGAIN_MS = 4_000;

/** Open them; the answer closes. It comes back by itself, and rests while the page is not looked at. */
export function openBars({ base, symbol, interval, ticket, isMade }: Ask, sink: BarsSink): () => void {
  const query = new URLSearchParams({ symbols: symbol, interval, limit: String(LIMIT) });
  if (ticket) query.set("ticket", ticket);
  const ending = new AbortController();
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(start, AGAIN_MS * (0.75 + Math.random() / 2));
  };

  const stream = () => {
    source?.close();
    source = new EventSource(`${base}/stream/bars?${query}&interval_ms=${PACE_MS}`);
    source.addEventListener("bars", ({ data }) => {
      const { bars, history } = JSON.parse(data);
      sink.all(bars, history);
    });
    source.addEventListener("bar", ({ data }) => sink.one(JSON.parse(data)));
    source.onerror = () => {
      // On its own way back, unless it has given up.
      if (source?.readyState === EventSource.CLOSED) later();
    };
  };

  async function start(): Promise<void> {
    if (document.hidden) return;
    try {
      const url = `${base}/bars?${query}`;
      const answer = await fetch(url, { signal: ending.signal, cache: "no-store" });
      if (answer.status === 404) {
        sink.none();
        return;
      }
      if (answer.ok) stream();
      else later();
    } catch {
      if (!ending.signal.aborted) later();
    }
  }

  const look = () => {
    clearTimeout(timer);
    source?.close();
    source = undefined;
    start();
  };
  if (!isMade) {
    sink.none();
    return () => {};
  }
  document.addEventListener("visibilitychange", look);
  start();
  return () => {
    ending.abort();
    clearTimeout(timer);
    source?.close();
    document.removeEventListener("visibilitychange", look);
  };
}
