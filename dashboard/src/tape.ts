// The prices that this page has seen, by symbol: what sparklines are made of. Bounded: a page that stays open for
// a week holds no more than after an hour.

/** Seconds between two points. */
export const STEP_S = 2;
export const POINTS = 90;

export interface Point {
  /** Seconds since the epoch, a multiple of the step. */
  time: number;
  close: number;
}

/** The last price of each step, of one symbol. */
export class Ring {
  readonly #times = new Float64Array(POINTS).fill(Number.NEGATIVE_INFINITY);
  readonly #closes = new Float64Array(POINTS);
  #count = 0;
  #last = 0;
  version = 0;

  /** Take a price of this moment. One of before the newest step is left out. */
  add(ms: number, price: number): void {
    const time = Math.floor(ms / 1000 / STEP_S) * STEP_S;
    const newest = this.#times[this.#last] as number;
    if (time < newest) return;
    if (time > newest) {
      this.#last = (this.#last + 1) % POINTS;
      this.#count = Math.min(this.#count + 1, POINTS);
      this.#times[this.#last] = time;
    }
    this.#closes[this.#last] = price;
    this.version += 1;
  }

  /** Oldest first. */
  points(): Point[] {
    return Array.from({ length: this.#count }, (_, each) => {
      const index = (this.#last - this.#count + 1 + each + POINTS) % POINTS;
      return { time: this.#times[index] as number, close: this.#closes[index] as number };
    });
  }
}

/** All symbols. */
export class Tape {
  readonly #rings = new Map<string, Ring>();

  add(symbol: string, ms: number, price: number): void {
    let ring = this.#rings.get(symbol);
    if (!ring) {
      ring = new Ring();
      this.#rings.set(symbol, ring);
    }
    ring.add(ms, price);
  }

  of(symbol: string): Ring | undefined {
    return this.#rings.get(symbol);
  }

  /** Forget all but these. */
  keep(symbols: Iterable<string>): void {
    const kept = new Set(symbols);
    for (const symbol of this.#rings.keys()) if (!kept.has(symbol)) this.#rings.delete(symbol);
  }
}

// A line is at least this long, so that the first points do not jump from edge to edge.
const SHORTEST_S = 60;

/** The line through the closes, over the time that is known, in a box of this width and height. */
export function pathOf(points: readonly Point[], width: number, height: number): string {
  const [first] = points;
  const last = points.at(-1);
  if (!first || !last) return "";
  const closes = points.map(({ close }) => close);
  const low = Math.min(...closes);
  const reach = Math.max(...closes) - low;
  const whole = Math.max(SHORTEST_S, last.time - first.time);
  return points
    .map(({ time, close }, index) => {
      const x = width - ((last.time - time) / whole) * width;
      const y = reach ? height - 1 - ((close - low) / reach) * (height - 2) : height / 2;
      return `${index ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
    })
    .join("");
}
