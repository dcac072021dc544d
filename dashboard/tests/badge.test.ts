import type { Connection, Feed, SymbolState } from "tapecast-client";
import { describe, expect, it } from "vitest";
import { badgeOf, type Word } from "../src/badge";

const OPEN: Connection = { state: "open" };
const feed = (market: string, state: Feed["state"], more: Partial<Feed> = {}): Feed => ({
  feed: "iex",
  market,
  state,
  ...more,
});

function word(
  states: Record<string, SymbolState>,
  feeds: Feed[] = [],
  connection: Connection = OPEN,
  isStopped = false,
): Word {
  const known = new Map(Object.entries(states).map(([symbol, state]) => [symbol, { state }]));
  return badgeOf({ isStopped, connection, feeds, states: known }).word;
}

describe("the badge", () => {
  it("is LIVE by states alone", () => {
    expect(word({ AAPL: "live" }, [feed("us_equity", "live")])).toBe("LIVE");
    expect(word({ AAPL: "pending" }, [feed("us_equity", "live")])).toBe("CONNECTING");
  });

  it.each(["reconnecting", "connecting", "failed", "standby"] as const)(
    "is never LIVE over a feed that is %s",
    (state) => {
      expect(
        word({ AAPL: "live", "BTC/USD": "live" }, [feed("us_equity", state), feed("crypto", "live")]),
      ).not.toBe("LIVE");
    },
  );

  it("is STALE for one stale symbol among many", () => {
    expect(word({ AAPL: "live", MSFT: "stale", SPY: "live" })).toBe("STALE");
  });

  it("does not care for a market that nobody watches", () => {
    expect(word({ AAPL: "live" }, [feed("us_equity", "live"), feed("crypto", "failed")])).toBe("LIVE");
    expect(word({ AAPL: "live" }, [feed("account", "reconnecting")])).toBe("LIVE");
  });

  it("is LIVE for what is open while another market is closed, and CLOSED when all are", () => {
    expect(word({ AAPL: "closed", "BTC/USD": "live" })).toBe("LIVE");
    expect(word({ AAPL: "closed", MSFT: "refused" })).toBe("CLOSED");
  });

  it.each([
    ["connecting", "CONNECTING"],
    ["idle", "CONNECTING"],
    ["reconnecting", "RECONNECTING"],
    ["refused", "REFUSED"],
    ["closed", "CONNECTING"],
  ] as const)("of a connection that is %s is %s, whatever was live", (state, expected) => {
    expect(word({ AAPL: "live" }, [], { state } as Connection)).toBe(expected);
  });

  it("says who stopped it, and when nothing is watched", () => {
    expect(word({ AAPL: "live" }, [], OPEN, true)).toBe("STOPPED");
    expect(word({})).toBe("EMPTY");
    expect(word({ AAPL: "refused" })).toBe("REFUSED");
  });

  it("over all combinations is LIVE only where nothing contradicts it", () => {
    const symbolStates: SymbolState[] = ["pending", "live", "closed", "stale", "refused"];
    const feedStates: Feed["state"][] = [
      "idle",
      "connecting",
      "reconnecting",
      "live",
      "closed",
      "standby",
      "failed",
    ];
    const connections = ["idle", "connecting", "open", "reconnecting", "refused", "closed"];
    for (const one of symbolStates)
      for (const other of symbolStates)
        for (const state of feedStates)
          for (const connection of connections) {
            const found = word({ AAPL: one, MSFT: other }, [feed("us_equity", state)], {
              state: connection,
            } as Connection);
            if (found !== "LIVE") continue;
            expect(connection).toBe("open");
            expect([one, other]).toContain("live");
            expect([one, other]).not.toContain("stale");
            expect(["live", "closed", "idle"]).toContain(state);
          }
  });
});
