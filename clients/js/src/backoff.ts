import type { Clock } from "./clock.js";
import type { TapecastError } from "./errors.js";

const FIRST_MS = 1_000;
const MOST_MS = 15_000;
const LASTING_MS = 60_000;

/** Growing waits with jitter: a server that comes back is not met by all its pages at the same moment. */
export class Backoff {
  #failures = 0;

  constructor(private readonly clock: Clock) {}

  /** The wait before the next attempt; never less than the server asked for. */
  next(atLeastMs = 0): number {
    const most = Math.min(MOST_MS, FIRST_MS * 2 ** this.#failures++);
    return atLeastMs + most * (0.35 + 0.65 * this.clock.random());
  }

  /** The wait after a refusal. One that time does not mend is worth a look once a minute. */
  after({ lasting, retryAfterMs }: TapecastError): number {
    return lasting ? LASTING_MS * (1 + 0.2 * this.clock.random()) : this.next(retryAfterMs);
  }

  reset(): void {
    this.#failures = 0;
  }
}
