import type { Order } from "tapecast-client";
import type { Bar } from "tapecast-client/bars";
import { describe, expect, it } from "vitest";
import { fillsOf } from "../src/fills";
import { Meter } from "../src/latency";
import { POINTS, pathOf, Ring, STEP_S, Tape } from "../src/tape";

const T = 1_700_000_000;
const bar = (second: number): Bar => ({
  start: new Date(1000 * (T + second)).toISOString(),
  open: 1,
  high: 1,
  low: 1,
  close: 1,
  volume: 1,
  trades: 1,
  epoch: 1,
  seq: 1,
});

describe("a ring of prices", () => {
  it("keeps the last of each step", () => {
    const ring = new Ring();
    for (const [at, price] of [
      [0, 5],
      [1.9, 4],
      [2, 7],
    ] as const)
      ring.add(1000 * (T + at), price);
    expect(ring.points()).toEqual([
      { time: T, close: 4 },
      { time: T + 2, close: 7 },
    ]);
  });

  it("forgets the oldest and leaves out what is late", () => {
    const ring = new Ring();
    for (let each = 0; each < POINTS + 5; each += 1) ring.add(1000 * (T + each * STEP_S), each);
    ring.add(1000 * T, 99);
    const closes = ring.points().map(({ close }) => close);
    expect([closes[0], closes.at(-1), closes.length]).toEqual([5, POINTS + 4, POINTS]);
  });

  it("is kept for what is watched", () => {
    const tape = new Tape();
    tape.add("AAPL", 1000 * T, 1);
    tape.add("MSFT", 1000 * T, 1);
    tape.keep(["MSFT"]);
    expect([tape.of("AAPL"), tape.of("MSFT")?.points().length]).toEqual([undefined, 1]);
  });
});

describe("a sparkline", () => {
  it("ends at the right edge, the highest on top", () => {
    const ring = new Ring();
    ring.add(1000 * T, 10);
    ring.add(1000 * (T + 120), 20);
    expect(pathOf(ring.points(), 70, 20)).toBe("M0.0 19.0L70.0 1.0");
  });

  it("of one price is a dot in the middle, of none nothing", () => {
    const ring = new Ring();
    expect(pathOf(ring.points(), 70, 20)).toBe("");
    ring.add(1000 * T, 10);
    expect(pathOf(ring.points(), 70, 20)).toBe("M70.0 10.0");
  });
});

describe("the account's own fills", () => {
  it("stand at their bars, those of this symbol and no other", () => {
    const filled = {
      filled_at: new Date(1000 * (T + 7)).toISOString(),
      filled_qty: 4,
      filled_avg_price: 160.05,
    };
    const orders = [
      { id: "1", symbol: "AAPL", side: "buy", ...filled },
      { id: "2", symbol: "AAPL", side: "sell", filled_at: null, filled_qty: 0, updated_at: filled.filled_at },
      { id: "3", symbol: "MSFT", side: "buy", ...filled },
    ];
    const marked = (...bars: Bar[]) => fillsOf(orders, "AAPL", bars);
    const text = "B 4 @ 160.05";
    expect(marked(bar(0), bar(5), bar(10))).toEqual([{ time: T + 5, side: "buy", qty: 4, text }]);
    // It met a quote, and nobody traded in its own five seconds.
    expect(marked(bar(0), bar(10))).toEqual([{ time: T, side: "buy", qty: 4, text }]);
    expect(marked(bar(60))).toEqual([]);
    const twice = [...orders, { ...orders[0], id: "4", filled_qty: 2 } as Order];
    expect(fillsOf(twice, "AAPL", [bar(5)])).toEqual([
      { time: T + 5, side: "buy", qty: 6, text: `B 2 @ 160.05, ${text}` },
    ]);
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
