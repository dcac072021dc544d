import { expect, test } from "vitest";
import { unionOf, type Wants } from "../src/wants.js";

test("of intervals the shortest is asked for, and none at all is the shortest", () => {
  const wants = (interval: number | undefined, more: Partial<Wants> = {}): Wants => ({
    symbols: ["AAPL"],
    positions: false,
    status: false,
    interval,
    ...more,
  });
  expect(unionOf([wants(500), wants(250)]).interval).toBe(250);
  expect(unionOf([wants(500), wants(0)]).interval).toBe(0);
  expect(unionOf([wants(500), wants(undefined)]).interval).toBeUndefined();
  expect(unionOf([wants(500), wants(undefined, { symbols: [], status: true })]).interval).toBe(500);
  expect(unionOf([]).interval).toBeUndefined();
});
