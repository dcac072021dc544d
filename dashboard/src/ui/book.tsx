import { usePrice } from "tapecast-client/react";
import { clock, digitsOf, price, quantity, spreadOf } from "../format";
import * as words from "../words";

/** Top of book and the day of one symbol. */
export function Book({ symbol }: { symbol: string }) {
  const tick = usePrice(symbol);
  const { bid, ask, bid_size, ask_size, state, reason, low, high } = tick;
  const spread = spreadOf(bid, ask);
  const total = (bid_size ?? 0) + (ask_size ?? 0);
  const place = low !== undefined && high !== undefined && high > low && tick.price !== undefined;
  return (
    <section className={`panel book ${state}`} aria-label={`Top of book of ${symbol}`}>
      <div className="bar">
        <h2>Top of book</h2>
        {tick.crossed && <span className="badge stale">crossed</span>}
        {(state === "stale" || state === "refused") && <span className={`badge ${state}`}>{state}</span>}
      </div>
      {state === "refused" || state === "pending" ? (
        <p className="empty">{state === "refused" ? words.ofSymbol(reason) : "No price yet."}</p>
      ) : (
        <>
          <div className="touch">
            <Side name="Bid" value={bid} size={bid_size} />
            <Side name="Ask" value={ask} size={ask_size} />
          </div>
          {total > 0 && (
            <div className="balance" aria-hidden="true">
              <i style={{ width: `${(100 * (bid_size ?? 0)) / total}%` }} />
            </div>
          )}
          <dl>
            <Fact
              name="Spread"
              of={
                spread &&
                `${price(spread.absolute, digitsOf(spread.middle))} · ${spread.points.toFixed(1)} bp`
              }
            />
            <Fact name="Middle" of={spread && price(spread.middle)} />
            <Fact
              name="Last trade"
              of={tick.price === undefined ? undefined : `${quantity(tick.size)} at ${clock(tick.timestamp)}`}
            />
            <Fact name="Open" of={price(tick.open)} />
            <Fact name="Prev. close" of={price(tick.previous_close)} />
            <Fact name="Volume" of={quantity(tick.volume)} />
          </dl>
          {place && (
            <div className="range">
              <span>{price(low)}</span>
              <div aria-hidden="true">
                <i style={{ left: `${(100 * ((tick.price as number) - low)) / (high - low)}%` }} />
              </div>
              <span>{price(high)}</span>
              <small>Low and high of the session</small>
            </div>
          )}
        </>
      )}
    </section>
  );
}

function Side({ name, value, size }: { name: string; value: number | undefined; size: number | undefined }) {
  return (
    <div className={name.toLowerCase()}>
      <span>{name}</span>
      <strong>{value === undefined ? "none" : price(value)}</strong>
      <span>{quantity(size)}</span>
    </div>
  );
}

/** A line of a list, left out where nothing is known. */
export function Fact({ name, of, hint }: { name: string; of: string | undefined; hint?: string }) {
  if (!of) return null;
  return (
    <div title={hint}>
      <dt>{name}</dt>
      <dd>{of}</dd>
    </div>
  );
}
