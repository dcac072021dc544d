import fc from "fast-check";
import { expect, test } from "vitest";
import { SseParser } from "../src/parser.js";

function parse(pieces: string[]): unknown[] {
  const seen: unknown[] = [];
  const parser = new SseParser({
    event: (name, data) => seen.push([name, data]),
    retry: (ms) => seen.push(ms),
  });
  for (const piece of pieces) parser.feed(piece);
  return seen;
}

function cut(text: string, places: number[]): string[] {
  const at = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((start, index) => text.slice(start, at[index] ?? text.length));
}

test("reads what the server writes", () => {
  const text = 'retry: 1986\nevent: hello\ndata: {"a":1}\n\ndata: {"symbol":"AAPL"}\n\n';
  expect(parse([text])).toEqual([1986, ["hello", '{"a":1}'], ["message", '{"symbol":"AAPL"}']]);
});

test.each([
  ["a name does not outlive its event", "event: a\n\ndata: x\n\n", [["message", "x"]]],
  ["several lines of data are joined", "data: x\ndata:y\ndata\n\n", [["message", "x\ny\n"]]],
  ["comments and unknown fields are left out", ": hi\nid: 4\nfoo: bar\ndata: x\n\n", [["message", "x"]]],
  ["only one space is taken", "data:  x \n\n", [["message", " x "]]],
  ["a retry that is no number is left out", "retry: 5s\nretry: -1\nretry:7\n", [7]],
  ["what has no end is no event", "data: x\n", []],
  ["a mark at the beginning is left out", "\uFEFFdata: x\n\n", [["message", "x"]]],
  [
    "CR ends a line as well",
    "data: x\r\rdata: y\r\n\r\n ",
    [
      ["message", "x"],
      ["message", "y"],
    ],
  ],
])("%s", (_, text, events) => {
  expect(parse([text])).toEqual(events);
});

const line = fc.oneof(
  fc.constantFrom(
    "",
    "",
    "data: x",
    "data:",
    "data",
    "event: tick",
    "retry: 10",
    ": c",
    "data: ä€😀",
    "id: 1",
  ),
  fc.string(),
);
const end = fc.constantFrom("\n", "\r\n", "\r");

test("gives the same events however the body is cut", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(line, end)), fc.array(fc.nat()), (lines, places) => {
      const text = lines.flat().join("");
      expect(parse(cut(text, places))).toEqual(parse([text]));
    }),
    { numRuns: 500 },
  );
});

test("gives the same events piece by piece of one character", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(line, end)), (lines) => {
      const text = lines.flat().join("");
      expect(parse([...text])).toEqual(parse([text]));
    }),
  );
});

test("gives back every event that was framed", () => {
  const event = fc.record({ name: fc.constantFrom("symbol", "feed", "bye"), data: fc.json() });
  fc.assert(
    fc.property(fc.array(event), fc.array(fc.nat()), (events, places) => {
      const text = events.map(({ name, data }) => `event: ${name}\ndata: ${data}\n\n`).join("");
      expect(parse(cut(text, places))).toEqual(events.map(({ name, data }) => [name, data]));
    }),
  );
});
