import { type KeyboardEvent, useRef } from "react";
import { neighbourOf } from "../choices";
import { useSlice } from "../hooks";
import { Add } from "./add";
import { Row } from "./row";

// As in the style sheet: rows of one height let a long list be drawn in part.
export const ROW_PX = 34;
const COLUMNS = 8;

interface Props {
  symbols: readonly string[];
  shown: string | undefined;
  onChoose(symbol: string): void;
  onAdd(text: string): void;
  onRemove(symbol: string): void;
}

export function Watchlist({ symbols, shown, onChoose, onAdd, onRemove }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const { from, to } = useSlice(scroller, symbols.length, ROW_PX);
  const move = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!shown || event.altKey || event.ctrlKey || event.metaKey) return;
    const isRemoval = event.key === "Delete" && symbols.includes(shown);
    const next = isRemoval ? neighbourOf(shown, symbols) : step && symbols[symbols.indexOf(shown) + step];
    if (isRemoval) onRemove(shown);
    if (!next) return;
    event.preventDefault();
    onChoose(next);
    focusRow(scroller.current, symbols.indexOf(next), next);
  };
  return (
    <section className="panel watchlist" aria-label="Watchlist">
      <Add onAdd={onAdd} />
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the rows' buttons have the focus, their keys bubble */}
      <div className="scroller" ref={scroller} onKeyDown={move}>
        <table aria-rowcount={symbols.length + 1}>
          <thead>
            <tr>
              <th scope="col">Symbol</th>
              <th scope="col" className="wide">
                <span className="sr">Prices seen by this page</span>
              </th>
              <th scope="col">Last</th>
              <th scope="col">Chg %</th>
              <th scope="col" className="widest">
                Spread
              </th>
              <th scope="col" className="wide">
                Age
              </th>
              <th scope="col">State</th>
              <th scope="col">
                <span className="sr">Remove</span>
              </th>
            </tr>
          </thead>
          <tbody>
            <Gap rows={from} />
            {symbols.slice(from, to).map((symbol, index) => (
              <Row
                key={symbol}
                symbol={symbol}
                index={from + index + 2}
                isShown={symbol === shown}
                onChoose={onChoose}
                onRemove={onRemove}
              />
            ))}
            <Gap rows={symbols.length - to} />
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** The place of rows that are not drawn. */
function Gap({ rows }: { rows: number }) {
  if (rows <= 0) return null;
  return (
    <tr className="gap">
      <td colSpan={COLUMNS} style={{ height: rows * ROW_PX }} />
    </tr>
  );
}

function focusRow(scroller: HTMLElement | null, index: number, symbol: string): void {
  if (!scroller) return;
  const top = index * ROW_PX;
  if (top < scroller.scrollTop) scroller.scrollTop = top;
  else if (top + 2 * ROW_PX > scroller.scrollTop + scroller.clientHeight)
    scroller.scrollTop = top + 2 * ROW_PX - scroller.clientHeight;
  requestAnimationFrame(() =>
    scroller.querySelector<HTMLElement>(`[data-symbol="${CSS.escape(symbol)}"] button`)?.focus(),
  );
}
