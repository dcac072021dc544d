import { act, cleanup, render, screen, within } from "@testing-library/react";
import type { Feed, Order, Sink, Transport } from "tapecast-client";
import { TapecastProvider, useOrders } from "tapecast-client/react";
import { afterEach, describe, expect, it } from "vitest";
import { Account } from "../src/ui/account";
import { Notice } from "../src/ui/notice";

/** A stream whose events come from the test. */
class Wire implements Transport {
  sink: Sink | undefined;
  url = "";

  open(url: string, sink: Sink) {
    this.url = url;
    this.sink = sink;
    return { close: () => {} };
  }

  async send(...events: [name: string, data: unknown][]): Promise<void> {
    await act(async () => {
      for (const [name, data] of events) this.sink?.event(name, JSON.stringify(data));
      // The hooks render once a frame.
      await new Promise((resolve) => setTimeout(resolve, 60));
    });
  }
}

const HELLO = ["hello", { server_time: 1, interval: 0, version: "1", feeds: [] }] as [string, unknown];
const AAPL = {
  symbol: "AAPL",
  side: "long",
  qty: 10,
  avg_entry_price: 150.1,
  market_value: 1611,
  current_price: 161.1,
  unrealized_pl: 109.99,
  unrealized_plpc: 0.0732,
  state: "live",
};

function Page({ feed }: { feed?: Feed }) {
  return <Account right="open" given="" feed={feed} orders={useOrders()} />;
}

async function opened(feed?: Feed): Promise<Wire> {
  const wire = new Wire();
  render(
    <TapecastProvider url="http://x" transport={wire} shared={false}>
      <Page {...(feed ? { feed } : {})} />
    </TapecastProvider>,
  );
  await act(() => new Promise((resolve) => setTimeout(resolve, 120)));
  await wire.send(HELLO);
  return wire;
}

afterEach(cleanup);

describe("the account", () => {
  it("shows positions, totals and orders as they come", async () => {
    const wire = await opened();
    expect(wire.url).toContain("positions");
    expect(screen.getByText("Waiting for the account.")).toBeTruthy();
    const order: Order = {
      id: "1",
      symbol: "AAPL",
      side: "buy",
      type: "limit",
      qty: 10,
      limit_price: 160.1,
      status: "new",
    };
    await wire.send(
      ["positions", { account: "PA1", simulated: true, positions: [AAPL] }],
      ["portfolio", { equity: 10011, day_pl: 111, day_plpc: 0.0112, cash: 8780, unrealized_pl: 109.99 }],
      ["orders", { orders: [order] }],
    );
    const table = within(screen.getByRole("region", { name: "Positions" }));
    expect(table.getByTestId("qty").textContent).toBe("10");
    expect(table.getAllByText("+109.99")).toHaveLength(2);
    expect(table.getByText("10,011.00")).toBeTruthy();
    expect(table.getByText("+111.00 +1.12%")).toBeTruthy();
    expect(table.getByText("simulated")).toBeTruthy();
    const orders = within(screen.getByRole("region", { name: "Recent orders" }));
    expect(orders.getByText("limit 160.10")).toBeTruthy();
    await wire.send(
      [
        "order",
        { event: "fill", order: { ...order, status: "filled", filled_qty: 10, filled_avg_price: 160.05 } },
      ],
      ["position", { ...AAPL, qty: 20 }],
    );
    expect(orders.getByText("filled")).toBeTruthy();
    expect(orders.getByText("160.05")).toBeTruthy();
    expect(table.getByTestId("qty").textContent).toBe("20");
    await wire.send(["positions", { account: "PA1", positions: [] }]);
    expect(screen.getByText("No open positions.")).toBeTruthy();
  });

  it("is stale with one doubtful price, and names it", async () => {
    const wire = await opened();
    await wire.send(["positions", { positions: [AAPL, { ...AAPL, symbol: "TSLA", state: "stale" }] }]);
    expect(screen.getByText("Not current: TSLA.")).toBeTruthy();
    expect(screen.queryByText("live")).toBeNull();
  });

  it("says why it is not kept up to date", async () => {
    const feed: Feed = { feed: "alpaca", market: "account", state: "reconnecting", reason: "ingest_silent" };
    const wire = await opened(feed);
    await wire.send(["positions", { positions: [AAPL] }]);
    expect(screen.getByText("reconnecting")).toBeTruthy();
    expect(screen.getByText(/no worker keeps the account/)).toBeTruthy();
  });

  it.each([
    ["forbidden", /tapecast up/],
    ["unauthorized", /opens with a ticket/],
    ["unknown", /Asking the server/],
  ] as const)("without the right, being %s, says how to get it", (right, text) => {
    const wire = new Wire();
    render(
      <TapecastProvider url="http://x" transport={wire} shared={false}>
        <Account right={right} given="" feed={undefined} orders={undefined} />
      </TapecastProvider>,
    );
    expect(screen.getByText(text)).toBeTruthy();
    expect(wire.url).toBe("");
  });
});

describe("the notice", () => {
  const session = { run: 0, stoppedAt: undefined, stop() {}, start() {} };
  const counts = { live: 0, closed: 0, stale: 0, pending: 1, refused: 0 };

  function said(code: string, status?: number): string {
    const error = Object.assign(new Error(code), { code, status });
    const health = {
      connection: { state: "refused", reason: code, error },
      error: undefined,
      feeds: [],
      states: new Map(),
    };
    render(
      <Notice
        badge={{ word: "REFUSED", counts, ill: [], markets: new Set() }}
        health={health as never}
        session={session}
        given=""
      />,
    );
    return screen.getByRole("status").textContent ?? "";
  }

  it.each([
    ["unauthorized", 401, "wants a ticket"],
    ["ticket_expired", undefined, "has expired"],
    ["forbidden", 403, "not for it"],
  ])("of %s asks for a ticket", (code, status, text) => {
    expect(said(code, status)).toContain(text);
    expect(screen.getByLabelText("Ticket")).toBeTruthy();
  });

  it.each([
    ["not_a_stream", 404, "no tapecast at this address"],
    ["symbol_invalid", 400, "None of these is a symbol"],
    ["something_new", 400, "something_new"],
  ])("of %s does not", (code, status, text) => {
    expect(said(code, status)).toContain(text);
    expect(screen.queryByLabelText("Ticket")).toBeNull();
  });

  /** The line for what the connection says, after what was last found out. */
  function line(connection: object, cause?: object): string {
    cleanup();
    const badge = { word: "RECONNECTING", counts, ill: [], markets: new Set() };
    const health = { connection, error: undefined, cause, feeds: [], states: new Map() };
    render(<Notice badge={badge as never} health={health as never} session={session} given="" />);
    return screen.getByRole("status").textContent ?? "";
  }

  it("says the same between two tries of a server that does not answer, with the next one", () => {
    const error = Object.assign(new Error(), { code: "unreachable" });
    const waiting = { state: "reconnecting", reason: "unreachable", error, retryAt: Date.now() + 7_500 };
    const trying = { state: "reconnecting", reason: "connection_lost" };
    expect(line(trying)).toContain("The connection broke");
    const words = line(waiting, error);
    expect(words).toContain("The server does not answer");
    expect(words).toContain("Next try in 8 s.");
    expect(line(trying, error)).toBe(words.replace("Next try in 8 s.", "Trying now."));
    // What the server itself says is news.
    const told = { state: "reconnecting", reason: "cache_unavailable" };
    expect(line(told, error)).toContain("lost Redis");
  });
});
