// Numbers as people who watch markets read them: the digits of the price decide the digits of the rest.

const short = new Intl.NumberFormat("en-US", { maximumFractionDigits: 6 });
const formats = new Map<string, Intl.NumberFormat>();

// As many as a number of JavaScript's can have a use for.
const ALL = 20;

function format(digits: number, most: number, options: Intl.NumberFormatOptions = {}): Intl.NumberFormat {
  const key = `${digits} ${most} ${options.style} ${options.signDisplay}`;
  let known = formats.get(key);
  if (!known) {
    known = new Intl.NumberFormat("en-US", {
      minimumFractionDigits: digits,
      maximumFractionDigits: most,
      ...options,
    });
    formats.set(key, known);
  }
  return known;
}

/** How many digits a price of this size is quoted in. */
export function digitsOf(price: number): number {
  const size = Math.abs(price);
  if (size >= 1 || size === 0) return 2;
  return size >= 0.01 ? 4 : 6;
}

/** A real minus is as wide as a plus, so columns stand still. */
function typeset(text: string): string {
  return text.replace("-", "−");
}

export function price(value: number | null | undefined, digits = digitsOf(value ?? 0)): string {
  return value == null ? "" : typeset(format(digits, digits).format(value));
}

/** A price of one's own, with every digit of it: an average has more than a quote. */
export function exactPrice(value: number | null | undefined): string {
  return value == null ? "" : typeset(format(digitsOf(value), ALL).format(value));
}

/** How much one has, with every digit of it. */
export function exactQuantity(value: number | null | undefined): string {
  return value == null ? "" : typeset(format(0, ALL).format(value));
}

export function signed(value: number | null | undefined, digits = 2): string {
  return value == null ? "" : typeset(format(digits, digits, { signDisplay: "exceptZero" }).format(value));
}

export function percent(value: number | null | undefined, digits = 2): string {
  return value == null ? "" : `${signed(value, digits)}%`;
}

/** A fraction as percent. The decimal point is moved, not multiplied: 100 × 1.15 is 114.99999999999999. */
export function ofFraction(value: number | null | undefined, digits = 2): string {
  return value == null
    ? ""
    : typeset(format(digits, digits, { signDisplay: "exceptZero", style: "percent" }).format(value));
}

/** A size of the book or the day: 950, 12.4k, 3.21M; of coins the fraction. */
export function quantity(value: number | null | undefined): string {
  if (value == null || value === null) return "";
  const size = Math.abs(value);
  if (size >= 1e9) return `${price(value / 1e9, 2)}B`;
  if (size >= 1e6) return `${price(value / 1e6, 2)}M`;
  if (size >= 1e4) return `${price(value / 1e3, 1)}k`;
  return typeset(short.format(value));
}

/** How long ago, in two or three characters. */
export function age(ms: number | undefined): string {
  if (ms === undefined) return "";
  const seconds = Math.max(0, ms / 1000);
  if (seconds < 60) return `${Math.floor(seconds)}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

/** The time of day here. */
export function clock(moment: string | number | null | undefined): string {
  if (moment == null) return "";
  const date = new Date(moment);
  return Number.isNaN(date.getTime()) ? "" : date.toLocaleTimeString("en-GB");
}

/** Up, down, or neither: the name of a colour, never the only sign. */
export function directionOf(value: number | null | undefined): "up" | "down" | "flat" {
  // As it is shown: what reads 0.00 has no direction.
  if (value == null || Math.abs(value) < 0.005) return "flat";
  return value > 0 ? "up" : "down";
}

export interface Spread {
  absolute: number;
  /** Hundredths of a percent of the middle. */
  points: number;
  middle: number;
}

export function spreadOf(bid: number | undefined, ask: number | undefined): Spread | undefined {
  if (!bid || !ask) return undefined;
  const middle = (bid + ask) / 2;
  return { absolute: ask - bid, points: ((ask - bid) / middle) * 10_000, middle };
}
