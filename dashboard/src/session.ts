// One stream, from start to stop, and what is remembered of prices beyond.

import { useCallback, useState } from "react";
import type { TapecastClient } from "tapecast-client";
import { Meter } from "./latency";
import { Tape } from "./tape";

/** Prices that this page has seen, of all symbols; they outlive a stop and a start. */
export const tape = new Tape();
export const meter = new Meter();

/** Remember all prices of a client; the answer stops it. */
export function record(client: TapecastClient): () => void {
  return client.on("tick", ({ symbol, price, timestamp, ts_recv = Number.NaN }) => {
    const ms = timestamp ? Date.parse(timestamp) : ts_recv / 1000;
    if (!Number.isNaN(ms)) tape.add(symbol, ms, price);
    const isLive = client.states.get(symbol)?.state === "live";
    meter.add(performance.now(), client.serverNow() - ts_recv / 1000, isLive);
  });
}

export interface Session {
  /** Another number is another stream. */
  run: number;
  stoppedAt: number | undefined;
  stop(): void;
  start(): void;
}

export function useSession(): Session {
  const [{ run, stoppedAt }, set] = useState<{ run: number; stoppedAt: number | undefined }>({
    run: 0,
    stoppedAt: undefined,
  });
  const stop = useCallback(() => set(({ run }) => ({ run, stoppedAt: Date.now() })), []);
  const start = useCallback(() => set(({ run }) => ({ run: run + 1, stoppedAt: undefined })), []);
  return { run, stoppedAt, stop, start };
}
