// Time and chance, injected, so that tests wait for nothing and a laptop can sleep for an hour in one line.

export type Timer = ReturnType<typeof setTimeout>;

export interface Clock {
  /** Wall clock, milliseconds. Timers stand still while a laptop sleeps; this does not. */
  now(): number;
  setTimer(act: () => void, ms: number): Timer;
  clearTimer(timer: Timer | undefined): void;
  /** From 0 up to 1. */
  random(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer: (act, ms) => setTimeout(act, ms),
  clearTimer: (timer) => clearTimeout(timer),
  random: () => Math.random(),
};

const SAMPLES = 8;

/** The server's clock as seen from here. */
export class ServerClock {
  // Server minus local, of the last heartbeats. Each is too small by its time on the way, so the largest is best.
  #offsets: number[] = [];

  constructor(private readonly clock: Clock) {}

  /** Forget what was learnt before: this machine may have slept, or its clock been set. */
  reset(): void {
    this.#offsets = [];
  }

  hear(serverTimeUs: number): void {
    this.#offsets.push(serverTimeUs / 1000 - this.clock.now());
    if (this.#offsets.length > SAMPLES) this.#offsets.shift();
  }

  /** By how many milliseconds the server's clock is ahead of this one. 0 before the first `hello`. */
  get skewMs(): number {
    return this.#offsets.length ? Math.max(...this.#offsets) : 0;
  }

  /** Server time, milliseconds since the epoch. */
  now(): number {
    return this.clock.now() + this.skewMs;
  }
}
