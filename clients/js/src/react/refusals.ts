// The server refuses a stream as a whole. Where it may be for the account that it does, prices go on without.

import type { Clock, Timer } from "../clock.js";
import type { TapecastError } from "../errors.js";

const AGAIN_MS = 60_000;

/** What is left out because the server said no: one subject after the other, until the rest is granted. */
export class Refusals {
  readonly #errors = new Map<string, TapecastError>();
  #timer: Timer | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly onOver: () => void,
  ) {}

  errorOf(subject: string): TapecastError | undefined {
    return this.#errors.get(subject);
  }

  /** Leave out one more of `subjects`. False if it is not about rights, or nothing is left that could be. */
  take(error: TapecastError, subjects: string[]): boolean {
    if (error.status !== 401 && error.status !== 403) return false;
    const next = subjects.find((subject) => !this.#errors.has(subject));
    if (next === undefined) return false;
    this.#errors.set(next, error);
    this.#timer ??= this.clock.setTimer(() => {
      // The page may have been given the right since.
      this.clear();
      this.onOver();
    }, AGAIN_MS);
    return true;
  }

  clear(): void {
    this.#errors.clear();
    this.clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }
}
