import { describe, expect, it } from "vitest";
import { sourceOf } from "../src/ui/chartpanel";
import { leftOutOf } from "../src/ui/status";

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
