import { describe, expect, it } from "vitest";
import { accountWord, allOf, doubtful, kindOf } from "../src/account";
import { neighbourOf, shownOf, symbolsIn, ticketIn } from "../src/choices";
import { firstSymbols } from "../src/config";
import * as format from "../src/format";
import { sliceOf } from "../src/hooks";
import { marketOf, pretenceOf } from "../src/markets";
import { merge, rightOf, toldRights, UNKNOWN } from "../src/rights";
import { stored } from "../src/stored";
import * as words from "../src/words";

describe("numbers", () => {
  it.each([
    [102683.291, "102,683.29"],
    [0.176, "0.1760"],
    [0.0000097, "0.000010"],
    [-5, "−5.00"],
    [0, "0.00"],
    [undefined, ""],
  ])("the price %s is %s", (value, text) => expect(format.price(value)).toBe(text));

  it.each([
    [950, "950"],
    [12_400, "12.4k"],
    [3_210_000, "3.21M"],
    [12.5, "12.5"],
    [0.247, "0.247"],
    [-16, "−16"],
    [null, ""],
  ])("the quantity %s is %s", (value, text) => expect(format.quantity(value)).toBe(text));

  it.each([
    [150.1, "150.10"],
    [150.123456789, "150.123456789"],
    [0.0000097, "0.0000097"],
    [102683.291, "102,683.291"],
    [undefined, ""],
    [null, ""],
  ])("the exact price %s is %s", (value, text) => expect(format.exactPrice(value)).toBe(text));

  it.each([
    [12_345, "12,345"],
    [0.123456789, "0.123456789"],
    [-16, "−16"],
    [0, "0"],
  ])("the exact quantity %s is %s", (value, text) => expect(format.exactQuantity(value)).toBe(text));

  it("of a fraction are its own digits", () => {
    // 100 times this is 114.99999999999999.
    expect(format.ofFraction(1.15, 12)).toBe("+115.000000000000%");
    expect([0.01005, -0.00005, 0, undefined].map((value) => format.ofFraction(value))).toEqual([
      "+1.01%",
      "−0.01%",
      "0.00%",
      "",
    ]);
  });

  it("show a sign, and none for nothing", () => {
    expect([1.005, -0.5, 0, undefined].map((value) => format.percent(value))).toEqual([
      "+1.01%",
      "−0.50%",
      "0.00%",
      "",
    ]);
    expect([1, -1, 0, 0.004, -0.004, undefined].map(format.directionOf)).toEqual([
      "up",
      "down",
      "flat",
      "flat",
      "flat",
      "flat",
    ]);
  });

  it.each([
    [0, "0s"],
    [59_999, "59s"],
    [60_000, "1m"],
    [7_200_000, "2h"],
    [172_800_000, "2d"],
    [-5, "0s"],
    [undefined, ""],
  ])("the age %s is %s", (ms, text) => expect(format.age(ms)).toBe(text));

  it("know no spread of one side", () => {
    expect(format.spreadOf(100, undefined)).toBeUndefined();
    expect(format.spreadOf(99.99, 100.01)?.points).toBeCloseTo(2);
  });
});

describe("what is typed", () => {
  it("is symbols in any case, with commas or spaces", () => {
    expect(symbolsIn(" tsla, btc/usd  tsla;brk.b ")).toEqual(["TSLA", "BTC/USD", "BRK.B"]);
  });

  it("is a ticket, or the whole answer that has one", () => {
    expect(ticketIn(' {"ticket": "abc", "expires_in": 5} ')).toBe("abc");
    expect(ticketIn(" abc ")).toBe("abc");
    expect(ticketIn("5")).toBe("5");
  });

  it("chooses a chart, which the first symbol replaces when it is gone", () => {
    expect(shownOf("SPY", ["AAPL", "SPY"])).toBe("SPY");
    expect(shownOf("SPY", ["AAPL"])).toBe("AAPL");
    expect(shownOf("", [])).toBeUndefined();
    expect(neighbourOf("A", ["A", "B"])).toBe("B");
    expect(neighbourOf("B", ["A", "B"])).toBe("A");
    expect(neighbourOf("A", ["A"])).toBeUndefined();
    expect(neighbourOf("X", ["A"])).toBeUndefined();
  });
});

describe("what is kept", () => {
  const read = (found: unknown) => (typeof found === "number" ? found : undefined);

  it("is read once, told to listeners, and survives", () => {
    const store = stored(
      () => localStorage,
      "n",
      () => 1,
      read,
    );
    let told = 0;
    store.subscribe(() => {
      told += 1;
    });
    store.set(5);
    expect([
      store.get(),
      told,
      stored(
        () => localStorage,
        "n",
        () => 1,
        read,
      ).get(),
    ]).toEqual([5, 1, 5]);
  });

  it.each(["nonsense", '"text"', "null"])("starts anew from %s", (text) => {
    localStorage.setItem("m", text);
    expect(
      stored(
        () => localStorage,
        "m",
        () => 1,
        read,
      ).get(),
    ).toBe(1);
  });

  it("works where storage is forbidden", () => {
    const store = stored(
      () => {
        throw new Error("forbidden");
      },
      "n",
      () => 1,
      read,
    );
    store.set(7);
    expect(store.get()).toBe(7);
  });
});

describe("what the server wrote into the page", () => {
  it("is its symbols and what may be read", () => {
    const page = new DOMParser().parseFromString(
      '<meta name="tapecast-symbols" content="TSLA,BTC/USD">' +
        '<meta name="tapecast-rights" content="prices:open status:open positions:forbidden">',
      "text/html",
    );
    expect(firstSymbols(page)).toEqual(["TSLA", "BTC/USD"]);
    expect(toldRights(page)).toEqual({ status: "open", positions: "forbidden" });
    expect(toldRights(document)).toEqual(UNKNOWN);
    expect(firstSymbols(document)).toHaveLength(6);
  });
});

describe("rights", () => {
  it("come from the status, and an answer of nobody's changes none", () => {
    expect([200, 401, 403, 404, 429, 503].map(rightOf)).toEqual([
      "open",
      "unauthorized",
      "forbidden",
      "forbidden",
      "unknown",
      "unknown",
    ]);
    const known = merge(UNKNOWN, { status: "open", positions: "forbidden" });
    expect(merge(known, UNKNOWN)).toBe(known);
    expect(merge(known, { status: "unknown", positions: "open" })).toEqual({
      status: "open",
      positions: "open",
    });
  });
});

describe("markets", () => {
  it.each([
    ["AAPL", "us_equity"],
    ["BRK.B", "us_equity"],
    ["BTC/USD", "crypto"],
    ["AAPL240315C00172500", "us_option"],
  ])("%s is of %s", (symbol, market) => expect(marketOf(symbol)).toBe(market));

  it("that pretend say so, the account alone does not", () => {
    const feed = { feed: "iex", market: "us_equity", state: "live" } as const;
    expect(pretenceOf([feed])).toBeUndefined();
    expect(pretenceOf([feed, { ...feed, simulated: true }])).toBe("SIMULATED");
    expect(pretenceOf([{ ...feed, feed: "replay", simulated: true }])).toBe("REPLAY");
  });
});

describe("the account", () => {
  it("is not LIVE while what keeps it is not, nor over doubtful prices", () => {
    const feed = { feed: "alpaca", market: "account", state: "live" } as const;
    const live = { symbol: "A", state: "live" } as const;
    const closed = { symbol: "B", state: "closed" } as const;
    expect(accountWord(feed, [])).toBe("live");
    expect(accountWord(feed, [live, closed])).toBe("live");
    expect(accountWord(feed, [live, { ...live, state: "pending" }])).toBe("stale");
    expect(accountWord({ ...feed, state: "reconnecting" }, [live])).toBe("reconnecting");
    expect(accountWord(undefined, [closed])).toBe("closed");
    expect(accountWord(undefined, [])).toBeUndefined();
  });

  it("shows each leg of an order once, as it was last heard of", () => {
    const legs = [
      { id: "2", status: "held" },
      { id: "3", status: "held" },
    ];
    const found = allOf([
      { id: "3", status: "new" },
      { id: "1", legs },
      { id: "0", legs: null },
    ]);
    expect(found.map(({ id, status }) => `${id} ${status ?? ""}`)).toEqual(["3 new", "1 ", "2 held", "0 "]);
  });

  it("names what may not be believed, and says an order in words", () => {
    expect(
      doubtful([
        { symbol: "A", state: "stale" },
        { symbol: "B", state: "closed" },
      ]),
    ).toEqual(["A"]);
    expect(kindOf({ id: "1", type: "stop_limit", stop_price: 9, limit_price: 10 })).toBe(
      "stop limit 9.00 10.00",
    );
  });
});

describe("long lists", () => {
  it("are drawn in part, short ones whole", () => {
    expect(sliceOf(60, 0, 300, 30)).toEqual({ from: 0, to: 60 });
    expect(sliceOf(500, 3000, 300, 30)).toEqual({ from: 92, to: 118 });
    expect(sliceOf(500, 99_999, 300, 30)).toEqual({ from: 500, to: 500 });
  });
});

describe("words", () => {
  it("name the market and the reason, and pass on what they do not know", () => {
    const feed = { feed: "iex", market: "us_equity", state: "reconnecting" } as const;
    expect(words.ofFeed({ ...feed, reason: "ingest_lost" })).toMatch(/^Stocks: the worker has fallen silent/);
    expect(words.ofFeed({ ...feed, reason: "http_403" })).toContain("HTTP 403");
    expect(words.ofFeed({ ...feed, reason: "new_reason" })).toBe("Stocks: new_reason");
    expect(words.ofSymbol("no_feed")).toContain("no feed");
  });
});
