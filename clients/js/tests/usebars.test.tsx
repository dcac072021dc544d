// @vitest-environment jsdom

import { render } from "@testing-library/react";
import { StrictMode } from "react";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TapecastError } from "../src/index.js";
import { type BarsState, TapecastProvider, useBars, useClient, useSymbols } from "../src/react/index.js";
import {
  clock,
  frame,
  frames,
  PriceOf,
  Provider,
  pass,
  renders,
  setUp,
  tearDown,
  transport,
} from "./screens.js";

const START = "2026-01-05T15:00:00Z";

let seen: Record<string, BarsState>;

beforeEach(() => {
  setUp();
  seen = {};
});
afterEach(tearDown);

function Chart({
  symbol,
  interval = "1m",
  limit,
}: {
  symbol: string;
  interval?: "1m" | "5m";
  limit?: number;
}) {
  renders[symbol] = (renders[symbol] ?? 0) + 1;
  seen[symbol] = useBars(symbol, interval, { limit });
  return null;
}

function say(symbol: string, close: number, seq: number, interval = "1m"): void {
  const bar = { start: START, open: 1, high: 9, low: 1, close, volume: 1, trades: 1, epoch: 1, seq };
  if (seq > 1) transport.last.say("bar", { symbol, interval, ...bar });
  else transport.last.say("bars", { symbol, interval, history: "venue", bars: [bar] });
}

test("bars are shown at the next frame, once for all that changed", async () => {
  render(<Chart symbol="AAPL" limit={50} />, { wrapper: Provider });
  expect(seen.AAPL).toEqual({
    bars: [],
    history: undefined,
    state: "pending",
    reason: undefined,
    error: undefined,
  });
  await pass();
  expect(transport.streams.map(({ url }) => url)).toEqual([
    "http://test/stream/bars?symbols=AAPL&interval=1m&limit=50",
  ]);
  transport.last.hello();
  transport.last.say("symbol", { symbol: "AAPL", state: "live" });
  say("AAPL", 1, 1);
  frame();
  const before = renders.AAPL ?? 0;
  for (let seq = 2; seq <= 100; seq += 1) say("AAPL", seq, seq);
  expect(frames).toHaveLength(1);
  expect(seen.AAPL?.bars.map(({ close }) => close)).toEqual([1]);
  frame();
  expect(renders.AAPL).toBe(before + 1);
  expect(seen.AAPL).toMatchObject({
    bars: [{ close: 100 }],
    history: "venue",
    state: "live",
    error: undefined,
  });
});

test("charts of one length share a stream, and each is drawn for its own symbol alone", async () => {
  const page = (symbols: string[]) => symbols.map((symbol) => <Chart key={symbol} symbol={symbol} />);
  const { rerender, unmount } = render(page(["aapl", "MSFT"]), { wrapper: Provider });
  await pass();
  expect(transport.streams.map(({ query }) => query.symbols)).toEqual(["AAPL,MSFT"]);
  transport.last.hello();
  say("AAPL", 1, 1);
  say("MSFT", 2, 1);
  frame();
  const before = renders.aapl;
  say("MSFT", 3, 2);
  frame();
  expect(renders.aapl).toBe(before);
  expect([seen.aapl?.bars[0]?.close, seen.MSFT?.bars[0]?.close]).toEqual([1, 3]);
  rerender(page(["MSFT"]));
  await pass();
  expect(transport.last.query.symbols).toBe("MSFT");
  expect(seen.MSFT?.bars[0]?.close).toBe(3);
  unmount();
  await pass();
  expect(transport.running).toEqual([]);
  expect(clock.timers).toBe(0);
});

test("another length is another stream, without the bars of before", async () => {
  const { rerender } = render(<Chart symbol="AAPL" />, { wrapper: Provider });
  await pass();
  transport.last.hello();
  say("AAPL", 1, 1);
  frame();
  rerender(<Chart symbol="AAPL" interval="5m" />);
  expect(seen.AAPL?.bars).toEqual([]);
  await pass();
  expect(transport.running.map(({ query }) => query.interval)).toEqual(["5m"]);
});

test("what is wrong is told until it is well again, and no symbol asks for nothing", async () => {
  const { rerender } = render(<Chart symbol="" />, { wrapper: Provider });
  await pass();
  expect(transport.streams).toEqual([]);
  rerender(<Chart symbol="AAPL" />);
  await pass();
  const error = new TapecastError("not_found", "no bars here", { status: 404, lasting: true });
  transport.last.sink.end({ error });
  frame();
  expect(seen.AAPL?.error).toBe(error);
  await pass(80_000);
  transport.last.hello();
  frame();
  expect(seen.AAPL?.error).toBeUndefined();
});

test("in StrictMode there is one stream, with the ticket and the pace of the provider", async () => {
  const { unmount } = render(
    <StrictMode>
      <TapecastProvider
        url="http://test"
        transport={transport}
        clock={clock}
        interval={200}
        ticket={() => "t"}
      >
        <Chart symbol="AAPL" />
      </TapecastProvider>
    </StrictMode>,
  );
  await pass();
  expect(transport.running.map(({ query }) => query)).toEqual([
    { symbols: "AAPL", interval: "1m", interval_ms: "200", ticket: "t" },
  ]);
  unmount();
  await pass();
  expect(transport.running).toEqual([]);
});

test("symbols are streamed without a render", async () => {
  let client: ReturnType<typeof useClient>;
  function Recorder({ symbols }: { symbols: string[] }) {
    renders.recorder = (renders.recorder ?? 0) + 1;
    useSymbols(symbols);
    return null;
  }
  function Reader() {
    client = useClient();
    return <PriceOf symbol="SPY" />;
  }
  const { rerender } = render(
    <Provider>
      <Recorder symbols={["aapl"]} />
      <Reader />
    </Provider>,
  );
  await pass();
  expect(transport.last.query.prices).toBe("AAPL,SPY");
  transport.last.hello();
  transport.last.live("AAPL", 5, 1);
  transport.last.sink.lost();
  frame();
  expect(renders.recorder).toBe(1);
  expect(client?.ticks.get("AAPL")?.price).toBe(5);
  rerender(
    <Provider>
      <Recorder symbols={[]} />
      <Reader />
    </Provider>,
  );
  await pass();
  expect(transport.last.query.prices).toBe("SPY");
});
