import { describe, expect, it } from "vitest";
import { leftOutOf } from "../src/ui/status";

describe("what the status says was left out", () => {
  it("is what made no sense, not data in flight after its symbol was given up", () => {
    expect(leftOutOf({ unasked: 2 })).toBe(0);
    expect(leftOutOf({ unasked: 2, price: 3, frame: 1 })).toBe(4);
    expect(leftOutOf(undefined)).toBe(0);
  });
});
