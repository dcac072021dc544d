import { useEffect, useRef, useState } from "react";
import type { Order } from "tapecast-client";
import { useClient } from "tapecast-client/react";
import { openBars } from "../bars";
import { candlesOf, fillsOf, SECONDS, Series } from "../candles";
import { chartInterval, chartKind, type Interval } from "../choices";
import { BASE, hasBars } from "../config";
import { chart, charted } from "../session";
import { useStored } from "../stored";
import { useColours } from "./colours";
import { Plot } from "./plot";

/** Who made what is shown. */
export type Maker = "nobody" | "server" | "venue" | "page";

interface Props {
  symbol: string;
  given: string;
  orders: readonly Order[];
  onMaker(maker: Maker): void;
}

const TICK_MS = 250;

/** The chart of one symbol: the server's bars, or those that are made of the prices seen here. */
export default function Chart({ symbol, given, orders, onMaker }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot>(undefined);
  const [first, setFirst] = useState<number>();
  const colours = useColours();
  const kind = useStored(chartKind);
  const interval = useStored(chartInterval);
  const seconds = SECONDS[interval];

  // biome-ignore lint/correctness/useExhaustiveDependencies: later kinds and colours are told below
  useEffect(() => {
    const made = new Plot(box.current as HTMLElement, kind, colours);
    plot.current = made;
    return () => {
      plot.current = undefined;
      made.close();
    };
  }, []);
  useEffect(() => plot.current?.paint(colours), [colours]);

  useBars(
    { symbol, interval, given },
    (series, isWhole, maker) => {
      const { current } = plot;
      const last = series.at(-1);
      if (!current) return;
      current.show(kind);
      if (isWhole || !last) {
        current.all(series);
        if (series.length) current.fit(series.length);
        setFirst(series[0]?.time);
      } else current.one(last);
      onMaker(maker);
    },
    kind,
  );

  useEffect(() => {
    plot.current?.fills(first === undefined ? [] : fillsOf(orders, symbol, seconds, first));
  }, [orders, symbol, seconds, first]);

  return <div className="plot" ref={box} role="img" aria-label={`Chart of ${symbol}`} />;
}

type Draw = (series: readonly ReturnType<typeof candlesOf>[number][], isWhole: boolean, maker: Maker) => void;

function useBars(
  ask: { symbol: string; interval: Interval; given: string },
  draw: Draw,
  again: unknown,
): void {
  const { symbol, interval, given } = ask;
  const client = useClient();
  const newest = useRef(draw);
  newest.current = draw;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another kind of chart is drawn from the start
  useEffect(() => {
    const series = new Series();
    let stop: (() => void) | undefined;
    chart(symbol);
    newest.current([], true, "nobody");
    const close = openBars(
      { base: BASE, symbol, interval, ticket: given, isMade: hasBars() },
      {
        all: (bars, history) => {
          series.replace(bars);
          newest.current(series.all, true, history === "venue" ? "venue" : "server");
        },
        one: (bar) => {
          const isNewest = series.put(bar);
          newest.current(series.all, !isNewest, "server");
        },
        none: () => {
          stop = drawTape(symbol, SECONDS[interval], (candles, isWhole) =>
            newest.current(candles, isWhole, "page"),
          );
        },
      },
    );
    return () => {
      close();
      stop?.();
    };
  }, [symbol, interval, given, again, client]);
}

type Candles = ReturnType<typeof candlesOf>;

/** Candles of what this page has seen, now and as more comes; the answer stops it. */
function drawTape(
  symbol: string,
  seconds: number,
  draw: (candles: Candles, isWhole: boolean) => void,
): () => void {
  let version = -1;
  let count = -1;
  const look = () => {
    const ring = charted.of(symbol);
    if (!ring || ring.version === version || document.hidden) return;
    const candles = candlesOf(ring.points(), seconds);
    // A new bar among the known ones may have been skipped while nobody looked.
    const isWhole = count < 0 || candles.length > count + 1 || candles.length < count;
    if (!isWhole && candles.length === count + 1) draw(candles.slice(0, -1), false);
    draw(candles, isWhole);
    version = ring.version;
    count = candles.length;
  };
  look();
  const timer = setInterval(look, TICK_MS);
  return () => clearInterval(timer);
}
