import { memo } from "react";
import type { Feed, Order, Portfolio, Position } from "tapecast-client";
import { usePositions } from "tapecast-client/react";
import { accountWord, doubtful } from "../account";
import { selected, ticket } from "../choices";
import { directionOf, exactPrice, exactQuantity, ofFraction, price, signed } from "../format";
import type { Right } from "../rights";
import * as words from "../words";
import { Orders } from "./orders";
import { TicketForm } from "./ticket";

interface Props {
  right: Right;
  given: string;
  feed: Feed | undefined;
  orders: readonly Order[] | undefined;
}

export function Account({ right, given, feed, orders }: Props) {
  if (right === "open") return <Open feed={feed} orders={orders} />;
  return (
    <section className="panel account" aria-label="Account">
      <div className="bar">
        <h2>Positions</h2>
      </div>
      <div className="empty">
        {right === "unknown" && <p>Asking the server whether this page may see the account.</p>}
        {right === "forbidden" && (
          <p>
            The account is private here. It opens on the machine that runs <code>tapecast up</code>, at{" "}
            <code>http://localhost</code>; anywhere else set <code>API_TOKEN</code> on the server and give
            this page a ticket.
          </p>
        )}
        {right === "unauthorized" && (
          <p>The account is private here: it opens with a ticket that is for positions.</p>
        )}
        {(right === "unauthorized" || (right === "forbidden" && given !== "")) && (
          <TicketForm given={given} onGive={ticket.set} />
        )}
      </div>
    </section>
  );
}

/** Wants the account, which a server would refuse to others. */
function Open({ feed, orders }: { feed: Feed | undefined; orders: readonly Order[] | undefined }) {
  const account = usePositions();
  const { positions, loaded, portfolio } = account;
  const doubts = doubtful(positions);
  const word = accountWord(feed, positions);
  const isAll = doubts.length === positions.length;
  return (
    <>
      <section className="panel account" aria-label="Positions">
        <div className="bar">
          <h2>Positions</h2>
          {loaded && word && <span className={`badge ${word}`}>{word}</span>}
          {account.simulated && <span className="badge pretence">simulated</span>}
        </div>
        {feed?.reason && <p className="aside">{words.ofFeed(feed)}.</p>}
        {!feed?.reason && doubts.length > 0 && (
          <p className="aside">{isAll ? "No price is current." : `Not current: ${doubts.join(", ")}.`}</p>
        )}
        {portfolio && <Strip totals={portfolio} word={word} />}
        {positions.length > 0 ? (
          <Table positions={positions} isNamed={!isAll} />
        ) : (
          <p className="empty">{loaded ? "No open positions." : "Waiting for the account."}</p>
        )}
      </section>
      <Orders orders={orders} />
    </>
  );
}

function Strip({ totals, word }: { totals: Portfolio; word: string | undefined }) {
  const { equity, day_pl, day_plpc, unrealized_pl, cash, buying_power } = totals;
  return (
    <dl className={word === "live" || word === "closed" ? "strip" : "strip stale"}>
      <Total name="Equity" of={price(equity, 2)} />
      <Total name="Today" of={`${signed(day_pl)} ${ofFraction(day_plpc)}`.trim()} by={day_pl} />
      <Total name="Open P/L" of={signed(unrealized_pl)} by={unrealized_pl} />
      <Total name="Cash" of={price(cash, 2)} />
      <Total name="Buying power" of={price(buying_power, 2)} />
    </dl>
  );
}

function Total({ name, of, by }: { name: string; of: string; by?: number | undefined }) {
  if (!of) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd className={by === undefined ? "" : directionOf(by)}>{of}</dd>
    </div>
  );
}

/** `isNamed`: what is not current has a badge of its own. Where nothing is, the panel's says it. */
function Table({ positions, isNamed }: { positions: readonly Position[]; isNamed: boolean }) {
  return (
    <div className="scroller">
      <table>
        <thead>
          <tr>
            <th scope="col">Symbol</th>
            <th scope="col">Qty</th>
            <th scope="col" className="wide">
              Entry
            </th>
            <th scope="col">Price</th>
            <th scope="col" className="wide">
              Value
            </th>
            <th scope="col">P/L</th>
            <th scope="col">%</th>
            <th scope="col" className="wide">
              Today
            </th>
          </tr>
        </thead>
        <tbody>
          {positions.map((position) => (
            <Line key={position.symbol} position={position} isNamed={isNamed} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

const Line = memo(function Line({ position, isNamed }: { position: Position; isNamed: boolean }) {
  const { symbol, qty, state, unrealized_pl, unrealized_plpc, unrealized_intraday_pl } = position;
  const isDoubtful = state && state !== "live" && state !== "closed";
  return (
    <tr className={isDoubtful ? "stale" : ""} data-position={symbol}>
      <th scope="row">
        <button type="button" aria-label={`Show ${symbol}`} onClick={() => selected.set(symbol)}>
          {symbol}
        </button>
        {isDoubtful && isNamed && <span className="badge stale">{state}</span>}
      </th>
      <td data-testid="qty">{exactQuantity(qty)}</td>
      <td className="wide dim">{exactPrice(position.avg_entry_price)}</td>
      <td>{exactPrice(position.current_price)}</td>
      <td className="wide">{price(position.market_value, 2)}</td>
      <td className={directionOf(unrealized_pl)}>{signed(unrealized_pl)}</td>
      <td className={directionOf(unrealized_pl)}>{ofFraction(unrealized_plpc)}</td>
      <td className={`wide ${directionOf(unrealized_intraday_pl)}`}>{signed(unrealized_intraday_pl)}</td>
    </tr>
  );
});
