// The bars of the chart: as a stream, or asked for again and again where the browser has no connection left for one.

import { useEffect, useRef, useState } from "react";
import { TapecastError } from "tapecast-client";
import type { Bar, BarHistory } from "tapecast-client/bars";
import { useBars } from "tapecast-client/react";
import { type Interval, ticket } from "./choices";
import { BASE } from "./config";
import { useWay, type Way } from "./slots";
import { useStored } from "./stored";

const EVERY_MS = 2_000;
const WAIT_MS = 8_000;

export interface Bars {
  bars: readonly Bar[];
  history: BarHistory | undefined;
  error: TapecastError | undefined;
}

const NONE: Bars = { bars: [], history: undefined, error: undefined };

/** One answer of `GET /bars`. */
export async function askBars(url: string, signal: AbortSignal): Promise<Bars> {
  try {
    const signals = AbortSignal.any([signal, AbortSignal.timeout(WAIT_MS)]);
    const answer = await fetch(url, { cache: "no-store", signal: signals });
    const told = await answer.json();
    if (answer.ok) return { ...NONE, ...told.bars[0] };
    const { code, message } = told.error;
    return { ...NONE, error: new TapecastError(code, message, { status: answer.status }) };
  } catch (cause) {
    return { ...NONE, error: new TapecastError("unreachable", "no bars", { cause }) };
  }
}

function usePolled(symbol: string, interval: Interval, limit: number): Bars {
  const given = useStored(ticket);
  const key = `${symbol} ${interval}`;
  const [{ of, bars }, setBars] = useState({ of: "", bars: NONE });
  useEffect(() => {
    if (!symbol) return;
    const asked = new URLSearchParams({ symbols: symbol, interval, limit: String(limit) });
    if (given) asked.set("ticket", given);
    const ending = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async () => {
      const found = await askBars(`${BASE}/bars?${asked}`, ending.signal);
      if (ending.signal.aborted) return;
      // What is known stays beside the word on what is wrong.
      setBars(({ of, bars: known }) => {
        const before = of === key ? known : NONE;
        return { of: key, bars: found.error ? { ...before, error: found.error } : found };
      });
      timer = setTimeout(look, EVERY_MS);
    };
    void look();
    return () => {
      ending.abort();
      clearTimeout(timer);
    };
  }, [key, symbol, interval, limit, given]);
  return of === key ? bars : NONE;
}

/** The bars, and how they come. While the way changes, those of before stand. */
export function useBarsHere(symbol: string, interval: Interval, limit: number): Bars & { way: Way } {
  const way = useWay();
  const streamed = useBars(way === "stream" ? symbol : "", interval, { limit });
  const polled = usePolled(way === "poll" ? symbol : "", interval, limit);
  const { bars, history, error } = way === "poll" ? polled : streamed;
  const held = useRef({ key: "", known: NONE });
  const key = `${symbol} ${interval}`;
  if (held.current.key !== key) held.current = { key, known: NONE };
  if (history !== undefined) held.current.known = { bars, history, error };
  return { ...held.current.known, error, way };
}
