import { describe, expect, it } from "vitest";
import { legibleOf, type Mark } from "../src/fills";
import { sourceOf } from "../src/ui/chartpanel";
import { leftOutOf } from "../src/ui/status";

describe("marks of fills", () => {
  const mark = (x: number, side: Mark["side"] = "buy", label = "B 0.012"): Mark => ({ x, side, label });

  it("all have their text where there is room", () => {
    expect(legibleOf([mark(0), mark(60), mark(120)])).toEqual([true, true, true]);
  });

  it("leave it away where it would be printed over a newer one", () => {
    expect(legibleOf([mark(0), mark(52), mark(60)])).toEqual([true, false, true]);
    expect(legibleOf([mark(0), mark(8), mark(16)])).toEqual([false, false, true]);
    // A longer one needs more room.
    expect(legibleOf([mark(0), mark(60, "buy", "B 0.000000123")])).toEqual([false, true]);
  });

  it("above and below a candle are not in each other's way", () => {
    expect(legibleOf([mark(0), mark(0, "sell")])).toEqual([true, true]);
  });
});

describe("what the status says was left out", () => {
  it("is what made no sense, not data in flight after its symbol was given up", () => {
    expect(leftOutOf({ unasked: 2 })).toBe(0);
    expect(leftOutOf({ unasked: 2, price: 3, frame: 1 })).toBe(4);
    expect(leftOutOf(undefined)).toBe(0);
  });
});

describe("what the chart says of its bars", () => {
  it("promises none to a chart that is empty", () => {
    expect(sourceOf(false, undefined, undefined, 0)).toBe("Waiting for bars");
    expect(sourceOf(false, undefined, "venue", 0)).toContain("No bars yet");
    expect(sourceOf(false, undefined, "own", 0)).toContain("No bars yet");
    expect(sourceOf(false, undefined, "venue", 1)).toBe("Every trade, and the venue's history");
  });
});
