import { describe, expect, it } from "vitest";
import { candlesOf, fillsOf, Series } from "../src/candles";
import { Meter } from "../src/latency";
import { pathOf, Ring, Tape } from "../src/tape";

const T = 1_700_000_000;
const bar = (second: number, price: number) => ({
  start: new Date(1000 * (T + second)).toISOString(),
  open: price,
  high: price,
  low: price,
  close: price,
});

describe("a ring of prices", () => {
  it("keeps open, high, low and close of each step", () => {
    const ring = new Ring(2, 10);
    for (const [at, price] of [
      [0, 5],
      [0.5, 9],
      [1, 3],
      [1.9, 4],
      [2, 7],
    ] as const)
      ring.add(1000 * (T + at), price);
    expect(ring.points()).toEqual([
      { time: T, open: 5, high: 9, low: 3, close: 4 },
      { time: T + 2, open: 7, high: 7, low: 7, close: 7 },
    ]);
  });

  it("forgets the oldest and leaves out what is late", () => {
    const ring = new Ring(1, 3);
    for (let second = 0; second < 8; second += 1) ring.add(1000 * (T + second), second);
    ring.add(1000 * T, 99);
    expect(ring.points().map(({ close }) => close)).toEqual([5, 6, 7]);
    expect(ring.length).toBe(3);
  });

  it("is kept for what is watched", () => {
    const tape = new Tape();
    tape.add("AAPL", 1000 * T, 1);
    tape.add("MSFT", 1000 * T, 1);
    tape.keep(["MSFT"]);
    expect([...tape.symbols]).toEqual(["MSFT"]);
  });
});

describe("a sparkline", () => {
  it("ends at the right edge, the highest on top", () => {
    const ring = new Ring(2, 90);
    ring.add(1000 * T, 10);
    ring.add(1000 * (T + 120), 20);
    expect(pathOf(ring.points(), 70, 20)).toBe("M0.0 19.0L70.0 1.0");
  });

  it("of one price is a dot in the middle, of none nothing", () => {
    const ring = new Ring(2, 90);
    expect(pathOf(ring.points(), 70, 20)).toBe("");
    ring.add(1000 * T, 10);
    expect(pathOf(ring.points(), 70, 20)).toBe("M70.0 10.0");
  });
});

describe("candles", () => {
  it("of points lose no high and no low", () => {
    const ring = new Ring(1, 100);
    const start = T - (T % 60);
    for (const [at, price] of [
      [1, 5],
      [20, 8],
      [59, 4],
      [60, 6],
    ] as const)
      ring.add(1000 * (start + at), price);
    expect(candlesOf(ring.points(), 60)).toEqual([
      { time: start, open: 5, high: 8, low: 4, close: 4 },
      { time: start + 60, open: 6, high: 6, low: 6, close: 6 },
    ]);
  });

  it("of the server come in any order, are replaced and taken back", () => {
    const series = new Series();
    series.replace([bar(60, 2), bar(0, 1)]);
    expect(series.put(bar(120, 3))?.time).toBe(T + 120);
    expect(series.put(bar(120, 4))?.close).toBe(4);
    expect(series.put(bar(0, 9))).toBeUndefined();
    expect(series.all.map(({ close }) => close)).toEqual([9, 2, 4]);
    expect(series.put({ start: bar(120, 0).start, removed: true })).toBeUndefined();
    expect(series.all.map(({ close }) => close)).toEqual([9, 2]);
    series.put({ start: "nonsense" });
    expect(series.all).toHaveLength(2);
  });

  it("carry the account's own fills, of this symbol and no other", () => {
    const filled = {
      filled_at: new Date(1000 * (T + 7)).toISOString(),
      filled_qty: 4,
      filled_avg_price: 160.05,
    };
    const orders = [
      { id: "1", symbol: "AAPL", side: "buy", ...filled },
      { id: "2", symbol: "AAPL", side: "sell", filled_at: null, filled_qty: 0 },
      { id: "3", symbol: "MSFT", side: "buy", ...filled },
    ];
    expect(fillsOf(orders, "AAPL", 5, 0)).toEqual([{ time: T + 5, side: "buy", text: "B 4 @ 160.05" }]);
    expect(fillsOf(orders, "AAPL", 5, T + 60)).toEqual([]);
  });
});

describe("the meter", () => {
  it("counts whole seconds and knows the median of the last five", () => {
    const meter = new Meter();
    for (let ms = 0; ms < 10_000; ms += 100) meter.add(ms, ms < 5_000 ? 900 : ms / 100, true);
    meter.add(9_990, 77_777, false);
    const { perSecond, median, worst } = meter.pace(10_050);
    expect(perSecond).toBeCloseTo(10.2);
    expect(median).toBe(75);
    expect(worst).toBe(99);
    expect(meter.pace(60_000)).toEqual({ perSecond: 0, median: undefined, worst: undefined });
  });
});
