import { useEffect, useRef, useState } from "react";
import type { Order } from "tapecast-client";
import { useBars } from "../bars";
import { fillsOf } from "../candles";
import { chartInterval, chartKind } from "../choices";
import { useStored } from "../stored";
import { BarTable, type Line, READ_ALOUD } from "./bartable";
import { useColours } from "./colours";
import { Plot } from "./plot";

interface Props {
  symbol: string;
  given: string;
  orders: readonly Order[];
  onHistory(history: string | undefined): void;
}

/** The chart of one symbol, and the same as a table for those who do not see it. */
export default function Chart({ symbol, given, orders, onHistory }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot>(undefined);
  const colours = useColours();
  const kind = useStored(chartKind);
  const interval = useStored(chartInterval);
  const { candles, history } = useBars(symbol, interval, given);
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
  useEffect(() => onHistory(history), [onHistory, history]);
  useEffect(() => {
    const { current } = plot;
    if (!current) return;
    current.show(kind);
    current.draw(candles);
    current.mark(fillsOf(orders, symbol, candles));
    setLines(current.newest(READ_ALOUD));
  }, [kind, candles, orders, symbol]);

  return (
    <>
      <div className="plot" ref={box} role="img" aria-label={`Chart of ${symbol}`} />
      <BarTable symbol={symbol} interval={interval} lines={lines} />
    </>
  );
}
