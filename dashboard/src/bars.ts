// The server's bars of one symbol: history and news come joined, on a stream of their own.

import { useEffect, useState } from "react";
import { useStreamStatus } from "tapecast-client/react";
import { type Candle, taken, type WireBar, wholeOf } from "./candles";
import { BASE } from "./config";

export interface Bars {
  candles: readonly Candle[];
  /** `venue` where they reach back to before the server; undefined until they are here. */
  history: string | undefined;
}

const NONE: Bars = { candles: [], history: undefined };
const LIMIT = 500;
const PACE_MS = 250;
const AGAIN_MS = 4_000;

/** They come and go with the page's other stream, whose words on what is wrong are for both. */
export function useBars(symbol: string, interval: string, ticket: string): Bars {
  const { connected } = useStreamStatus();
  const [bars, set] = useState(NONE);
  // biome-ignore lint/correctness/useExhaustiveDependencies: those of another symbol must not stand there
  useEffect(() => set(NONE), [symbol, interval]);
  useEffect(() => {
    if (!connected) return;
    const query = new URLSearchParams({ symbols: symbol, interval, limit: String(LIMIT) });
    if (ticket) query.set("ticket", ticket);
    return stream(`${BASE}/stream/bars?${query}&interval_ms=${PACE_MS}`, {
      bars: ({ bars, history }) => set({ candles: wholeOf(bars), history }),
      bar: (bar) => set(({ candles, history }) => ({ candles: taken(candles, bar), history })),
    });
  }, [symbol, interval, ticket, connected]);
  return bars;
}

interface Sink {
  bars(all: { bars: WireBar[]; history: string }): void;
  bar(one: WireBar): void;
}

function stream(url: string, sink: Sink): () => void {
  let source: EventSource;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const open = () => {
    source = new EventSource(url);
    source.addEventListener("bars", ({ data }) => sink.bars(JSON.parse(data)));
    source.addEventListener("bar", ({ data }) => sink.bar(JSON.parse(data)));
    source.onerror = () => {
      // On its own way back, unless it has given up.
      if (source.readyState === EventSource.CLOSED) timer = setTimeout(open, AGAIN_MS);
    };
  };
  open();
  return () => {
    clearTimeout(timer);
    source.close();
  };
}
