import { lazy, Suspense, useState } from "react";
import type { Order } from "tapecast-client";
import { usePrice } from "tapecast-client/react";
import { chartInterval, chartKind, INTERVALS } from "../choices";
import { directionOf, percent, price, signed } from "../format";
import { useStored } from "../stored";
import * as words from "../words";

// The largest part of the page, and not needed for the first price.
const Chart = lazy(() => import("./chart"));

const MADE: Record<string, string> = {
  own: "Bars of every trade, made by this server since somebody first asked",
  venue: "Bars of every trade, history from the venue",
};

export function ChartPanel({
  symbol,
  given,
  orders,
}: {
  symbol: string;
  given: string;
  orders: readonly Order[];
}) {
  const { price: last, change, change_percent, state, reason } = usePrice(symbol);
  const kind = useStored(chartKind);
  const interval = useStored(chartInterval);
  const [history, setHistory] = useState<string>();
  return (
    <section className={`panel chart ${state}`} aria-label={`Chart of ${symbol}`}>
      <div className="bar">
        <h2>{symbol}</h2>
        <span className="big">{price(last)}</span>
        <span className={directionOf(change)}>
          {signed(change)} {change_percent !== undefined && `(${percent(change_percent)})`}
        </span>
        {state !== "live" && <span className={`badge ${state}`}>{state}</span>}
        <fieldset>
          <legend className="sr">Length of a bar</legend>
          {INTERVALS.map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={each === interval}
              onClick={() => chartInterval.set(each)}
            >
              {each}
            </button>
          ))}
        </fieldset>
        <fieldset>
          <legend className="sr">Kind of chart</legend>
          {(["candles", "line"] as const).map((each) => (
            <button key={each} type="button" aria-pressed={each === kind} onClick={() => chartKind.set(each)}>
              {each === "line" ? "Line" : "Candles"}
            </button>
          ))}
        </fieldset>
      </div>
      {state === "refused" ? (
        // The server would refuse its bars, too.
        <p className="plot empty">{words.ofSymbol(reason)}</p>
      ) : (
        <Suspense fallback={<div className="plot" />}>
          <Chart symbol={symbol} given={given} orders={orders} onHistory={setHistory} />
        </Suspense>
      )}
      <p className="source">
        <span>{history === undefined ? "Waiting for bars" : MADE[history]}</span>
        <a href="https://www.tradingview.com/" target="_blank" rel="noreferrer">
          Charts by TradingView Lightweight Charts™, © TradingView, Inc.
        </a>
      </p>
    </section>
  );
}
