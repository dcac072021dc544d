import { useEffect, useRef, useState } from "react";
import type { Order } from "tapecast-client";
import type { Bar } from "tapecast-client/bars";
import { chartInterval, chartKind } from "../choices";
import { fillsOf } from "../fills";
import { useStored } from "../stored";
import { BarTable, type Line, READ_ALOUD } from "./bartable";
import { useColours } from "./colours";
import { Plot } from "./plot";

interface Props {
  symbol: string;
  bars: readonly Bar[];
  orders: readonly Order[];
}

/** The chart of one symbol, and the same as a table for those who do not see it. */
export default function Chart({ symbol, bars, orders }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot>(undefined);
  const colours = useColours();
  const kind = useStored(chartKind);
  const interval = useStored(chartInterval);
  const [lines, setLines] = useState<readonly Line[]>([]);

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
  useEffect(() => {
    const { current } = plot;
    if (!current) return;
    current.show(kind);
    current.draw(bars);
    current.mark(fillsOf(orders, symbol, bars));
    setLines(current.newest(READ_ALOUD));
  }, [kind, bars, orders, symbol]);

  return (
    <>
      <div className="plot" ref={box} role="img" aria-label={`Chart of ${symbol}`} />
      <BarTable symbol={symbol} interval={interval} lines={lines} />
    </>
  );
}
