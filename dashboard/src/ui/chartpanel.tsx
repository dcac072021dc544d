import { lazy, Suspense } from "react";
import type { Order, TapecastError } from "tapecast-client";
import type { BarHistory } from "tapecast-client/bars";
import { useBars, usePrice } from "tapecast-client/react";
import { chartInterval, chartKind, INTERVALS } from "../choices";
import { directionOf, percent, price, signed } from "../format";
import { useStored } from "../stored";
import * as words from "../words";

// The largest part of the page, and not needed for the first price.
const Chart = lazy(() => import("./chart"));

const LIMIT = 500;

function sourceOf(isRefused: boolean, error: TapecastError | undefined, history: BarHistory | undefined) {
  if (isRefused) return "";
  if (error) return words.ofError(error);
  if (history === undefined) return "Waiting for bars";
  return history === "venue"
    ? "Bars of every trade, history from the venue"
    : "Bars of every trade, made by this server since somebody first asked";
}

export function ChartPanel({ symbol, orders }: { symbol: string; orders: readonly Order[] }) {
  const { price: last, change, change_percent, state, reason } = usePrice(symbol);
  const kind = useStored(chartKind);
  const interval = useStored(chartInterval);
  const isRefused = state === "refused";
  // The server would refuse its bars, too.
  const { bars, history, error } = useBars(isRefused ? "" : symbol, interval, { limit: LIMIT });
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
      {isRefused ? (
        <p className="plot empty">{words.ofSymbol(reason)}</p>
      ) : (
        <Suspense fallback={<div className="plot" />}>
          <Chart symbol={symbol} bars={bars} orders={orders} />
        </Suspense>
      )}
      <p className="source">
        <span>{sourceOf(isRefused, error, history)}</span>
        <a href="https://www.tradingview.com/" target="_blank" rel="noreferrer">
          Charts by TradingView Lightweight Charts™, © TradingView, Inc.
        </a>
      </p>
    </section>
  );
}
