// @vitest-environment jsdom

import { render } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TapecastError } from "../src/index.js";
import { useClient, useMarketStream, useOrders, usePositions, useStreamStatus } from "../src/react/index.js";
import { clock, frame, PriceOf, Provider, pass, setUp, tearDown, text, transport } from "./screens.js";

beforeEach(setUp);
afterEach(tearDown);

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

  test("that is refused does not cost the prices, and is asked for again in a minute", async () => {
    let account: ReturnType<typeof usePositions> | undefined;
    let status: ReturnType<typeof useStreamStatus> | undefined;
    function Page() {
      account = usePositions();
      status = useStreamStatus();
      return <PriceOf symbol="AAPL" />;
    }
    render(<Page />, { wrapper: Provider });
    await pass();
    const refuse = () =>
      transport.last.sink.end({
        error: new TapecastError("forbidden", "private", { status: 403, lasting: true }),
      });
    refuse();
    await pass();
    expect(transport.last.url).toBe("http://test/stream?prices=AAPL");
    transport.last.hello();
    transport.last.live("AAPL", 100, 1);
    frame();
    expect(text("AAPL")).toBe("100 live");
    expect(account).toMatchObject({ loaded: false, error: { code: "forbidden", message: "private" } });
    expect(status).toMatchObject({ connected: true, error: undefined });
    const prices = transport.last;
    for (let beat = 0; beat < 3; beat += 1) {
      await pass(20_000);
      prices.heartbeat();
    }
    expect(transport.last.url).toBe("http://test/stream?prices=AAPL&positions");
    refuse();
    await pass();
    expect(transport.running).toEqual([prices]);
    await pass(20_000);
    prices.heartbeat();
    await pass(20_000);
    prices.heartbeat();
    await pass(20_000);
    transport.last.hello();
    transport.last.say("positions", { account: "A", positions: [] });
    frame();
    expect(account).toMatchObject({ loaded: true, error: undefined, account: "A" });
  });

  test("that is refused along with the prices leaves that as the error", async () => {
    let status: ReturnType<typeof useStreamStatus> | undefined;
    function Page() {
      usePositions();
      status = useStreamStatus({ server: true });
      return <PriceOf symbol="AAPL" />;
    }
    render(<Page />, { wrapper: Provider });
    const urls: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      await pass();
      urls.push(transport.last.url.slice("http://test/stream?".length));
      transport.last.sink.end({
        error: new TapecastError("unauthorized", "no", { status: 401, lasting: true }),
      });
    }
    frame();
    expect(urls).toEqual(["prices=AAPL&positions&status", "prices=AAPL&status", "prices=AAPL"]);
    expect(status).toMatchObject({
      connected: false,
      connection: { state: "refused" },
      error: { status: 401 },
    });
    await pass(50_000);
    expect(transport.streams).toHaveLength(3);
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
