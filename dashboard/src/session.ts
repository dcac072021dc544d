// One stream, from start to stop, and what is remembered of it beyond.

import { useCallback, useState } from "react";
import { Tape } from "./tape";

/** All prices that this page has seen; it outlives a stop and a start. */
export const tape = new Tape();

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
