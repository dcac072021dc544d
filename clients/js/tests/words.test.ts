import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { TapecastError } from "../src/errors.js";
import { errorWords, feedWords, symbolWords } from "../src/words.js";

const DOCS = ["http.md", "events.md"]
  .map((name) => readFileSync(fileURLToPath(new URL(`../../../docs/${name}`, import.meta.url)), "utf8"))
  .join("\n");

/** The rows of the table whose head begins so, each a list of cells. */
function table(head: string): string[][] {
  const from = DOCS.indexOf(`\n| ${head}`);
  if (from < 0) throw new Error(`docs/ has no table that begins with ${head}`);
  const [text = ""] = DOCS.slice(from + 1).split("\n\n");
  return text
    .split("\n")
    .slice(2)
    .map((row) =>
      row
        .split("|")
        .map((cell) => cell.trim())
        .slice(1, -1),
    );
}

const STATES = new Set(["failed", "reconnecting", "refused", "stale"]);

/** What is written as code in a cell. */
const codes = (cell = "") =>
  [...cell.matchAll(/`([a-z_0-9]+)`/g)].map(([, code = ""]) => code).filter((code) => !STATES.has(code));

const column = (head: string, index: number) => [...new Set(table(head).flatMap((row) => codes(row[index])))];

/** Which of them have no words. */
const wordless = (reasons: string[], words: (reason: string) => string) =>
  reasons.filter((reason) => !words(reason).includes(" "));

describe("every reason of docs/http.md and docs/events.md has words", () => {
  test("of a feed and of the account", () => {
    const reasons = [...column("feed `reason`", 0), ...column("account `state`", 1)];
    expect(reasons).toContain("positions_differ");
    expect(reasons).toContain("auth_failed");
    expect(reasons.length).toBeGreaterThan(40);
    expect(wordless(reasons, feedWords)).toEqual([]);
    expect(feedWords("http_403")).toContain("403");
  });

  test("of a symbol and of a position", () => {
    const positions = codes(/\n(\| `reason` .*_unknown`.*)\n/.exec(DOCS)?.[1]);
    const reasons = [
      ...column("symbol `state`", 2),
      ...column("refusal `reason`", 0),
      ...positions.filter((code) => code.endsWith("_unknown")),
    ];
    expect(reasons).toContain("multiplier_unknown");
    expect(reasons).toContain("no_update");
    expect(reasons).toContain("not_confirmed");
    expect(reasons.length).toBeGreaterThan(14);
    expect(wordless(reasons, symbolWords)).toEqual([]);
    expect(wordless(["connection_lost", "ingest_lost", "cache_unavailable"], symbolWords)).toEqual([]);
  });

  test("of a refusal and of an end", () => {
    const [, ends = ""] = /`bye` codes: ([^.]*)\./.exec(DOCS) ?? [];
    const errors = table("status | code").filter(([, text]) => !text?.includes("POST /tickets"));
    const all = [...errors.flatMap(([, text]) => codes(text)), ...codes(ends), "connection_lost"];
    expect(all).toContain("max_age");
    expect(all).toContain("limit_invalid");
    const words = (code: string) => errorWords(new TapecastError(code, code));
    expect(wordless(all, words)).toEqual([]);
    expect(wordless(all, (code) => errorWords(undefined, code))).toEqual([]);
  });
});

test("a code that nobody knows is shown as it is, or in the server's words", () => {
  expect([feedWords("new_one"), symbolWords("new_one"), errorWords(undefined, "new_one")]).toEqual(
    Array(3).fill("new_one"),
  );
  expect(errorWords(new TapecastError("new_one", "the server's words"))).toBe("the server's words");
  expect([feedWords(undefined), symbolWords(undefined), symbolWords("toString")]).toEqual([
    "",
    "",
    "toString",
  ]);
});
