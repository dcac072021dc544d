import { memo, useRef } from "react";
import { useClient, usePrice } from "tapecast-client/react";
import { age, directionOf, percent, price, signed, spreadOf } from "../format";
import { useSecond } from "../hooks";
import * as words from "../words";
import { Spark } from "./spark";

interface Props {
  symbol: string;
  /** Among all rows, drawn or not, the heading included. */
  index: number;
  isShown: boolean;
  onChoose(symbol: string): void;
  onRemove(symbol: string): void;
}

/** One symbol. Drawn anew only when its own price or state has changed. */
export const Row = memo(function Row({ symbol, index, isShown, onChoose, onRemove }: Props) {
  const { state, reason, price: last, change, change_percent, bid, ask, corrected } = usePrice(symbol);
  const flash = useFlash(last);
  const spread = spreadOf(bid, ask);
  const direction = directionOf(change_percent);
  const why = words.ofSymbol(reason);
  return (
    <tr
      data-symbol={symbol}
      aria-rowindex={index}
      className={`${state}${isShown ? " shown" : ""}`}
      onClick={() => onChoose(symbol)}
    >
      <th scope="row">
        <button type="button" aria-pressed={isShown} aria-label={`Show ${symbol}`} title={symbol}>
          {symbol}
        </button>
      </th>
      <td className="wide spark">
        <Spark symbol={symbol} direction={direction} />
      </td>
      <td className={`last ${flash}`} data-testid="last">
        <span>{price(last)}</span>
        {corrected && <abbr title="The venue took a trade back">c</abbr>}
      </td>
      <td className={`change ${direction}`} title={change === undefined ? undefined : signed(change)}>
        {percent(change_percent)}
      </td>
      <td className="widest dim" title={spread && `${price(bid)} to ${price(ask)}`}>
        {spread && `${spread.points.toFixed(1)} bp`}
      </td>
      <td className="wide dim" data-testid="age">
        <Age symbol={symbol} />
      </td>
      <td className="state">
        <span className={`badge ${state}`} title={why || undefined}>
          {state}
        </span>
        {state === "refused" && <span className="sr">: {why}</span>}
      </td>
      <td className="remove">
        <button
          type="button"
          aria-label={`Remove ${symbol}`}
          onClick={(event) => {
            event.stopPropagation();
            onRemove(symbol);
          }}
        >
          ×
        </button>
      </td>
    </tr>
  );
});

/** A class that begins the animation anew with each change, in the direction of it. */
function useFlash(value: number | undefined): string {
  const held = useRef<{ value: number | undefined; name: string; turn: boolean }>({
    value: undefined,
    name: "",
    turn: false,
  });
  const { current } = held;
  if (value !== current.value) {
    if (value !== undefined && current.value !== undefined) {
      current.turn = !current.turn;
      current.name = `flash ${value > current.value ? "rise" : "fall"} ${current.turn ? "one" : "two"}`;
    }
    current.value = value;
  }
  return current.name;
}

function Age({ symbol }: { symbol: string }) {
  useSecond();
  return age(useClient()?.ageMs(symbol));
}
