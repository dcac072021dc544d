// How long a price takes from the server's receipt of it to this page, and how many come: over the last seconds.

export interface Pace {
  perSecond: number;
  /** Milliseconds; undefined while nothing comes. The server may hold a price back for the page's interval. */
  median: number | undefined;
  worst: number | undefined;
}

const WINDOW_MS = 5_000;
// Enough for a median, however many prices come.
const SAMPLES = 512;

export class Meter {
  readonly #ages = new Float64Array(SAMPLES);
  readonly #times = new Float64Array(SAMPLES).fill(Number.NEGATIVE_INFINITY);
  #next = 0;
  // Prices of each second of the window, by the second's number.
  readonly #counts = new Map<number, number>();

  /** `age`: of the price in milliseconds, if that is known. `isLive`: an image of before tells no delay. */
  add(now: number, age: number, isLive: boolean): void {
    const second = Math.floor(now / 1000);
    this.#counts.set(second, (this.#counts.get(second) ?? 0) + 1);
    if (this.#counts.size > 8) this.#counts.delete(this.#counts.keys().next().value as number);
    if (!isLive || Number.isNaN(age)) return;
    this.#ages[this.#next] = Math.max(0, age);
    this.#times[this.#next] = now;
    this.#next = (this.#next + 1) % SAMPLES;
  }

  pace(now: number): Pace {
    const second = Math.floor(now / 1000);
    let count = 0;
    for (const [of, each] of this.#counts) if (of < second && of >= second - WINDOW_MS / 1000) count += each;
    const recent = this.#ages.filter((_, index) => now - (this.#times[index] as number) <= WINDOW_MS).sort();
    return {
      perSecond: count / (WINDOW_MS / 1000),
      median: recent[Math.floor(recent.length / 2)],
      worst: recent.at(-1),
    };
  }
}
