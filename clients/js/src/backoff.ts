import type { Clock } from "./clock.js";

const FIRST_MS = 1_000;
const MOST_MS = 15_000;

/** Growing waits with jitter: a server that comes back is not met by all its pages at the same moment. */
export class Backoff {
  #failures = 0;

  constructor(private readonly clock: Clock) {}

  /** The wait before the next attempt; never less than the server asked for. */
  next(atLeastMs = 0): number {
    const most = Math.min(MOST_MS, FIRST_MS * 2 ** this.#failures++);
    return Math.max(atLeastMs, 0) + most * (0.35 + 0.65 * this.clock.random());
  }

  reset(): void {
    this.#failures = 0;
  }
}
