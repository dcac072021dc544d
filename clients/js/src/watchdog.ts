import type { Clock } from "./clock.js";

// The server's default; what it really is shows in its heartbeats.
const KEEPALIVE_MS = 15_000;
const BEATS = 2.5;
const MOST_MS = 750_000;
const SLEPT_MS = 15_000;

/** Says when a stream that looks open has been silent for too long. By wall clock: timers sleep with the laptop. */
export class Watchdog {
  #limitMs = BEATS * KEEPALIVE_MS;
  #isMeasured = false;
  #heard: number;
  // Of the last heartbeat, in server time: how late it got here does not matter then.
  #beatUs: number | undefined;

  constructor(private readonly clock: Clock) {
    this.#heard = clock.now();
  }

  /** A new stream, or one that is coming back: the silence begins anew. */
  begin(): void {
    this.#beatUs = undefined;
    this.hear();
  }

  /** Something came. */
  hear(): void {
    this.#heard = this.clock.now();
  }

  beat(serverTimeUs: number): void {
    if (this.#beatUs !== undefined && serverTimeUs > this.#beatUs) {
      this.#limitMs = Math.min(MOST_MS, Math.max(2_000, (BEATS * (serverTimeUs - this.#beatUs)) / 1000));
      this.#isMeasured = true;
    }
    this.#beatUs = serverTimeUs;
  }

  /** Milliseconds until the silence is too long; 0 or less if it is. */
  get leftMs(): number {
    const now = this.clock.now();
    // The clock was set back: what it said before means nothing any more.
    if (now < this.#heard) this.#heard = now;
    return this.#heard + this.#limitMs - now;
  }

  /** It barked. A server whose heartbeats are further apart than we thought must not be left again and again. */
  bark(): void {
    // Long after the limit is no sign of that, but of a laptop that slept.
    if (!this.#isMeasured && this.leftMs > -SLEPT_MS) this.#limitMs = Math.min(MOST_MS, 2 * this.#limitMs);
  }
}
