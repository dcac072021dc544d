"use client";

import { useCallback, useEffect, useMemo, useSyncExternalStore } from "react";
import type { BarInterval } from "../bars/types.js";
import { symbolsOf } from "../wants.js";
import type { Board } from "./board.js";
import { type BarsState, Charts, keyOf, NO_BARS } from "./charts.js";
import { useBoard } from "./provider.js";
import type { BoardOptions } from "./views.js";

export type { BarsState } from "./charts.js";

export interface BarsAsk extends BoardOptions {
  /** How many bars of before, at most. Default: the server's, 300. */
  limit?: number | undefined;
}

// Not of the board itself: a page without bars loads nothing of this.
const charts = new WeakMap<Board, Charts>();

function chartsOf(board: Board): Charts {
  const own = charts.get(board) ?? new Charts(board);
  charts.set(board, own);
  return own;
}

/** Bars of one symbol, as history and live. Renders at most once a frame; rests while the page is hidden. */
export function useBars(
  symbol: string,
  interval: BarInterval = "1m",
  { limit, ...options }: BarsAsk = {},
): BarsState {
  const board = useBoard(Object.keys(options).length ? options : undefined);
  const own = chartsOf(board);
  const [name = ""] = symbolsOf([symbol]);
  const chart = useMemo(() => ({ symbol: name, interval, limit }), [name, interval, limit]);
  useEffect(() => own.watch(chart), [own, chart]);
  const subscribe = useCallback(
    (listener: () => void) => own.frames.subscribe([keyOf(chart)], listener),
    [own, chart],
  );
  return useSyncExternalStore(
    subscribe,
    () => own.state(chart),
    () => NO_BARS,
  );
}
