// The prices that this page has seen, by symbol: what sparklines and, where the server has no bars, candles are
// made of. Bounded: a page that stays open for a week holds no more than after an hour.

/** Seconds between two points. */
export const STEP_S = 2;
export const POINTS = 90;

export interface Point {
  /** Seconds since the epoch, a multiple of the step. */
  time: number;
  open: number;
  high: number;
  low: number;
  close: number;
}

// Per point: time, open, high, low, close.
const WIDTH = 5;

/** A ring of bars of one symbol. */
export class Ring {
  readonly #data: Float64Array;
  #count = 0;
  #last = -1;
  version = 0;

  constructor(
    readonly step: number,
    readonly size: number,
  ) {
    this.#data = new Float64Array(size * WIDTH);
  }

  /** Take a price of this moment. One of before the newest bar belongs to a bar that is over: it is left out. */
  add(ms: number, price: number): void {
    const time = Math.floor(ms / 1000 / this.step) * this.step;
    const at = this.#last * WIDTH;
    const newest = this.#last < 0 ? Number.NEGATIVE_INFINITY : (this.#data[at] as number);
    if (time < newest) return;
    if (time === newest) {
      this.#data[at + 2] = Math.max(this.#data[at + 2] as number, price);
      this.#data[at + 3] = Math.min(this.#data[at + 3] as number, price);
      this.#data[at + 4] = price;
    } else {
      this.#last = (this.#last + 1) % this.size;
      this.#count = Math.min(this.#count + 1, this.size);
      this.#data.set([time, price, price, price, price], this.#last * WIDTH);
    }
    this.version += 1;
  }

  get length(): number {
    return this.#count;
  }

  /** Oldest first. */
  points(): Point[] {
    const points: Point[] = [];
    for (let each = 0; each < this.#count; each += 1) {
      const index = (this.#last - this.#count + 1 + each + this.size) % this.size;
      const [time, open, high, low, close] = this.#data.subarray(index * WIDTH, index * WIDTH + WIDTH);
      points.push({ time, open, high, low, close } as Point);
    }
    return points;
  }
}

/** All symbols. */
export class Tape {
  readonly #rings = new Map<string, Ring>();

  constructor(
    readonly step = STEP_S,
    readonly size = POINTS,
  ) {}

  add(symbol: string, ms: number, price: number): void {
    (this.#rings.get(symbol) ?? this.begin(symbol)).add(ms, price);
  }

  /** With nothing known yet. */
  begin(symbol: string): Ring {
    const ring = new Ring(this.step, this.size);
    this.#rings.set(symbol, ring);
    return ring;
  }

  /** In the order in which they began. */
  get symbols(): Iterable<string> {
    return this.#rings.keys();
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
