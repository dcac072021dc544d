import { lazy, Suspense, useRef } from "react";
import type { Order, TapecastError } from "tapecast-client";
import type { BarHistory } from "tapecast-client/bars";
import { usePrice } from "tapecast-client/react";
import { useBarsHere } from "../bars";
import { chartInterval, chartKind, INTERVALS } from "../choices";
import { directionOf, percent, price, signed } from "../format";
import { useStored } from "../stored";
import * as words from "../words";

// The largest part of the page, and not needed for the first price.
const Chart = lazy(() => import("./chart"));

const LIMIT = 500;

/** The value; while it is held, the one of before. */
function useHeld<Value>(value: Value, isHeld: boolean): Value {
  const held = useRef(value);
  if (!isHeld) held.current = value;
  return held.current;
}

export function sourceOf(
  isRefused: boolean,
  error: TapecastError | undefined,
  history: BarHistory | undefined,
  count: number,
): string {
  if (isRefused) return "";
  if (error) return words.ofError(error);
  if (history === undefined) return "Waiting for bars";
  if (!count) return "No bars yet: they come with the first trade";
  return history === "venue"
    ? "Every trade, and the venue's history"
    : "Every trade since it was first asked for";
}

interface Props {
  symbol: string;
  orders: readonly Order[];
  isStopped: boolean;
}

export function ChartPanel({ symbol, orders, isStopped }: Props) {
  const { price: last, change, change_percent, state, reason } = usePrice(symbol);
  const kind = useStored(chartKind);
  const interval = useStored(chartInterval);
  const isRefused = state === "refused";
  // The server would refuse its bars, too.
  const { bars, history, error, way } = useHeld(
    useBarsHere(isRefused || isStopped ? "" : symbol, interval, LIMIT),
    isStopped,
  );
  return (
    <section className={`panel chart ${state}`} aria-label={`Chart of ${symbol}`}>
      <div className="bar">
        <h2>{symbol}</h2>
        <span className="big">{price(last)}</span>
        <span className={directionOf(change)}>
          {signed(change)} {change_percent !== undefined && `(${percent(change_percent)})`}
        </span>
        {state !== "live" && <span className={`badge ${state}`}>{state}</span>}
        <div className="tools">
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
              <button
                key={each}
                type="button"
                aria-pressed={each === kind}
                onClick={() => chartKind.set(each)}
              >
                {each === "line" ? "Line" : "Candles"}
              </button>
            ))}
          </fieldset>
        </div>
      </div>
      {isRefused ? (
        <p className="plot empty">{words.ofSymbol(reason)}</p>
      ) : (
        <Suspense fallback={<div className="plot" />}>
          <Chart symbol={symbol} bars={bars} orders={orders} />
        </Suspense>
      )}
      <p className="source">
        <span>
          {sourceOf(isRefused, error, history, bars.length)}
          {way === "poll" && !isRefused && "; every two seconds, as three other windows have the streams"}
        </span>
        <a href="https://www.tradingview.com/" target="_blank" rel="noreferrer">
          Charts by TradingView Lightweight Charts™, © TradingView, Inc.
        </a>
      </p>
    </section>
  );
}
