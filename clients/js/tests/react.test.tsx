// @vitest-environment jsdom

import { act, cleanup, render, screen } from "@testing-library/react";
import { type ReactNode, StrictMode } from "react";
import { hydrateRoot } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { TapecastError } from "../src/index.js";
import {
  TapecastProvider,
  useClient,
  useMarketStream,
  useOrders,
  usePositions,
  usePrice,
  useStreamStatus,
} from "../src/react/index.js";
import { FakeTransport, TestClock } from "./fakes.js";

let clock: TestClock;
let transport: FakeTransport;
let frames: FrameRequestCallback[];
let renders: Record<string, number>;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  clock = new TestClock();
  transport = new FakeTransport(clock);
  frames = [];
  renders = {};
  vi.stubGlobal("requestAnimationFrame", (act: FrameRequestCallback) => frames.push(act));
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function count(name: string): void {
  renders[name] = (renders[name] ?? 0) + 1;
}

async function pass(ms = 60): Promise<void> {
  await act(() => clock.pass(ms));
}

/** The browser draws a frame. */
function frame(): void {
  act(() => {
    for (const draw of frames.splice(0)) draw(0);
  });
}

function Provider({ children, url = "http://test" }: { children: ReactNode; url?: string }) {
  return (
    <TapecastProvider url={url} transport={transport} clock={clock}>
      {children}
    </TapecastProvider>
  );
}

function PriceOf({ symbol }: { symbol: string }) {
  count(symbol);
  const { price, state, reason } = usePrice(symbol);
  return <p data-testid={symbol}>{`${price ?? "none"} ${state} ${reason ?? ""}`.trim()}</p>;
}

const text = (id: string) => screen.getByTestId(id).textContent;

describe("usePrice", () => {
  test("shows what the server says, at the next frame", async () => {
    render(<PriceOf symbol="aapl" />, { wrapper: Provider });
    expect(text("aapl")).toBe("none pending");
    await pass();
    expect(transport.last.query).toEqual({ prices: "AAPL" });
    transport.last.hello();
    transport.last.live("AAPL", 100, 1);
    expect(text("aapl")).toBe("none pending");
    frame();
    expect(text("aapl")).toBe("100 live");
    transport.last.sink.lost();
    frame();
    expect(text("aapl")).toBe("100 stale connection_lost");
  });

  test("renders only who shows what changed, and once a frame", async () => {
    render(
      <>
        <PriceOf symbol="AAPL" />
        <PriceOf symbol="MSFT" />
      </>,
      { wrapper: Provider },
    );
    await pass();
    transport.last.hello();
    transport.last.live("AAPL", 1, 1);
    transport.last.live("MSFT", 1, 1);
    frame();
    const before = { ...renders };
    for (let seq = 2; seq <= 1_000; seq += 1) transport.last.tick("AAPL", seq, seq);
    expect(frames).toHaveLength(1);
    frame();
    expect(renders).toEqual({ AAPL: (before.AAPL ?? 0) + 1, MSFT: before.MSFT });
    expect(text("AAPL")).toBe("1000 live");
  });

  test("asks for what is shown, and no more for what is not", async () => {
    const { rerender } = render(<PriceOf symbol="AAPL" />, { wrapper: Provider });
    await pass();
    transport.last.hello();
    rerender(
      <>
        <PriceOf symbol="AAPL" />
        <PriceOf symbol="MSFT" />
      </>,
    );
    await pass();
    expect(transport.last.query.prices).toBe("AAPL,MSFT");
    transport.last.hello();
    rerender(<PriceOf symbol="MSFT" />);
    await pass();
    expect(transport.last.query.prices).toBe("MSFT");
    expect(transport.streams).toHaveLength(3);
  });

  test("opens one stream in StrictMode and leaves none behind", async () => {
    const { unmount } = render(
      <StrictMode>
        <Provider>
          <PriceOf symbol="AAPL" />
        </Provider>
      </StrictMode>,
    );
    await pass();
    expect(transport.streams).toHaveLength(1);
    transport.last.hello();
    transport.last.live("AAPL", 100, 1);
    frame();
    expect(text("AAPL")).toBe("100 live");
    unmount();
    await pass();
    expect(transport.running).toEqual([]);
    expect(clock.timers).toBe(0);
  });
});

describe("useMarketStream", () => {
  test("gives prices, whether it is connected, and what is wrong", async () => {
    let seen: ReturnType<typeof useMarketStream> | undefined;
    function Market() {
      seen = useMarketStream(["aapl", "MSFT"]);
      return null;
    }
    render(<Market />, { wrapper: Provider });
    expect(seen).toEqual({
      prices: { AAPL: { symbol: "AAPL", state: "pending" }, MSFT: { symbol: "MSFT", state: "pending" } },
      connected: false,
      error: undefined,
    });
    await pass();
    const error = new TapecastError("unauthorized", "no", { status: 401, lasting: true });
    transport.last.sink.end({ error });
    frame();
    expect(seen).toMatchObject({ connected: false, error: { code: "unauthorized" } });
    await pass(80_000);
    transport.last.hello();
    transport.last.live("MSFT", 2, 1);
    frame();
    expect(seen).toMatchObject({
      connected: true,
      error: undefined,
      prices: { MSFT: { price: 2, state: "live" } },
    });
    const { AAPL } = seen?.prices ?? {};
    transport.last.tick("MSFT", 3, 2);
    frame();
    expect(seen?.prices.AAPL).toBe(AAPL);
  });

  test("works without a provider, and shares the stream of its server", async () => {
    const options = { url: "http://alone", transport, clock };
    function Market({ symbol }: { symbol: string }) {
      const { prices } = useMarketStream([symbol], options);
      return <p data-testid={symbol}>{prices[symbol]?.price}</p>;
    }
    const { unmount } = render(
      <>
        <Market symbol="AAPL" />
        <Market symbol="MSFT" />
      </>,
    );
    await pass();
    expect(transport.streams.map(({ url }) => url)).toEqual(["http://alone/stream?prices=AAPL,MSFT"]);
    transport.last.hello();
    transport.last.live("AAPL", 7, 1);
    frame();
    expect(text("AAPL")).toBe("7");
    unmount();
    await pass();
    expect(transport.running).toEqual([]);
    render(<Market symbol="AAPL" />);
    expect(text("AAPL")).toBe("");
  });

  test("asks for nothing when there is nothing to show", async () => {
    function Market() {
      return <p data-testid="n">{Object.keys(useMarketStream([]).prices).length}</p>;
    }
    render(<Market />, { wrapper: Provider });
    await pass();
    expect(text("n")).toBe("0");
    expect(transport.streams).toEqual([]);
  });
});

describe("the account", () => {
  test("is asked for while somebody shows it", async () => {
    function Positions() {
      const { positions, portfolio, loaded } = usePositions();
      const orders = useOrders();
      const shown = positions
        .map(({ symbol, qty, unrealized_pl }) => `${qty} ${symbol} ${unrealized_pl}`)
        .join();
      return <p data-testid="account">{`${loaded} ${shown} ${portfolio?.equity} ${orders?.[0]?.status}`}</p>;
    }
    const { rerender } = render(<Positions />, { wrapper: Provider });
    expect(text("account")).toBe("false  undefined undefined");
    await pass();
    expect(transport.last.url).toBe("http://test/stream?positions");
    transport.last.hello();
    transport.last.say("positions", {
      account: "A",
      positions: [{ symbol: "AAPL", qty: 1, unrealized_pl: 5 }],
    });
    transport.last.say("portfolio", { equity: 1_000 });
    transport.last.say("orders", { orders: [{ id: "1", status: "filled" }] });
    frame();
    expect(text("account")).toBe("true 1 AAPL 5 1000 filled");
    transport.last.say("position", { symbol: "AAPL", qty: 2, unrealized_pl: 6 });
    frame();
    expect(text("account")).toBe("true 2 AAPL 6 1000 filled");
    rerender(<PriceOf symbol="AAPL" />);
    await pass();
    expect(transport.last.url).toBe("http://test/stream?prices=AAPL");
  });
});

describe("useStreamStatus", () => {
  test("tells the connection, the feeds and, where asked, the server", async () => {
    let seen: ReturnType<typeof useStreamStatus> | undefined;
    let client: ReturnType<typeof useClient>;
    function Status() {
      seen = useStreamStatus({ server: true });
      client = useClient();
      return null;
    }
    render(<Status />, { wrapper: Provider });
    await pass();
    expect(transport.last.url).toBe("http://test/stream?status");
    transport.last.hello({ version: "9" });
    transport.last.say("feed", { feed: "iex", market: "us_equity", state: "live" });
    transport.last.say("status", { version: "9", stream_count: 3 });
    frame();
    expect(seen).toMatchObject({
      connected: true,
      connection: { state: "open" },
      feeds: [{ market: "us_equity", state: "live" }],
      hello: { version: "9" },
      status: { stream_count: 3 },
    });
    expect(client?.feeds.size).toBe(1);
  });
});

describe("a provider", () => {
  test("that gets another url opens another stream", async () => {
    const { rerender } = render(
      <Provider>
        <PriceOf symbol="AAPL" />
      </Provider>,
    );
    await pass();
    transport.last.hello();
    transport.last.live("AAPL", 100, 1);
    frame();
    rerender(
      <Provider url="http://other">
        <PriceOf symbol="AAPL" />
      </Provider>,
    );
    await pass();
    expect(transport.running.map(({ url }) => url)).toEqual(["http://other/stream?prices=AAPL"]);
    expect(text("AAPL")).toBe("none pending");
  });

  test("keeps its stream when only the ticket function is a new one, and calls the newest", async () => {
    const page = (ticket: string) => (
      <TapecastProvider url="http://test" transport={transport} clock={clock} ticket={() => ticket}>
        <PriceOf symbol="AAPL" />
      </TapecastProvider>
    );
    const { rerender } = render(page("one"));
    await pass();
    expect(transport.last.query.ticket).toBe("one");
    transport.last.hello();
    rerender(page("two"));
    await pass(20_000);
    expect(transport.streams).toHaveLength(1);
    transport.last.bye("ticket_expired");
    transport.last.sink.lost();
    await pass(10);
    expect(transport.last.query.ticket).toBe("two");
  });
});

test("a server renders without opening anything, and the browser takes it over", async () => {
  const page = (
    <Provider>
      <PriceOf symbol="AAPL" />
    </Provider>
  );
  const html = renderToString(page);
  expect(html).toContain("none pending");
  const complaints = vi.spyOn(console, "error");
  const container = document.createElement("div");
  document.body.append(container);
  container.innerHTML = html;
  const root = await act(async () => hydrateRoot(container, page));
  await pass();
  transport.last.hello();
  transport.last.live("AAPL", 100, 1);
  frame();
  expect(container.textContent).toBe("100 live");
  expect(complaints).not.toHaveBeenCalled();
  act(() => root.unmount());
  container.remove();
  complaints.mockRestore();
});
