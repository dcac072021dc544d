import { useEffect, useMemo } from "react";
import type { Feed } from "tapecast-client";
import { TapecastProvider, useClient, useOrders, useSymbols } from "tapecast-client/react";
import { allOf } from "./account";
import { badgeOf } from "./badge";
import { neighbourOf, selected, shownOf, theme, ticket, unwatch, watch, watchlist } from "./choices";
import { BASE, INTERVAL_MS } from "./config";
import { type Health, useHealth } from "./hooks";
import { useRights } from "./rights";
import { record, type Session, tape, useSession } from "./session";
import { useStored } from "./stored";
import { Account } from "./ui/account";
import { Book } from "./ui/book";
import { ChartPanel } from "./ui/chartpanel";
import { Header } from "./ui/header";
import { Notice } from "./ui/notice";
import { Status } from "./ui/status";
import { Watchlist } from "./ui/watchlist";

const NO_ORDERS: never[] = [];

export function App() {
  const session = useSession();
  const given = useStored(ticket);
  const chosenTheme = useStored(theme);
  useEffect(() => {
    if (chosenTheme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = chosenTheme;
  }, [chosenTheme]);
  return (
    <TapecastProvider
      key={session.run}
      url={BASE}
      interval={INTERVAL_MS}
      // Tabs with another ticket may read other things.
      {...(given ? { ticket: given, shared: given.slice(-16) } : {})}
    >
      <Board session={session} given={given} />
    </TapecastProvider>
  );
}

function Board({ session, given }: { session: Session; given: string }) {
  const symbols = useStored(watchlist);
  const chosen = useStored(selected);
  const shown = chosen && !symbols.includes(chosen) ? chosen : shownOf(chosen, symbols);
  const health = useHealth();
  const isStopped = session.stoppedAt !== undefined;
  const { connection, feeds } = health;
  const rights = useRights(
    BASE,
    given,
    connection.state === "refused" ? (connection.reason ?? "refused") : "",
  );
  const states = useStatesOf(health, symbols);
  const badge = badgeOf({ isStopped, connection, feeds, states });
  useEffect(() => {
    document.title = `${badge.word} · tapecast`;
  }, [badge.word]);
  const props = { badge, health, session, given };
  return (
    <>
      <Recorder symbols={symbols} />
      <Header badge={badge} feeds={feeds} session={session} />
      <Notice {...props} />
      <main>
        <Watchlist
          symbols={symbols}
          shown={shown}
          onChoose={selected.set}
          onAdd={(text) => {
            const first = watch(text);
            if (first) selected.set(first);
          }}
          onRemove={(symbol) => {
            unwatch(symbol);
            if (symbol === shown) selected.set(neighbourOf(symbol, symbols) ?? "");
          }}
        />
        {rights.positions === "open" ? (
          <WithOrders shown={shown} isStopped={isStopped} feeds={feeds} given={given} />
        ) : (
          <>
            {shown && <ChartPanel symbol={shown} orders={NO_ORDERS} isStopped={isStopped} />}
            {shown && <Book symbol={shown} />}
            <Account right={rights.positions} given={given} feed={undefined} orders={undefined} />
          </>
        )}
        <Status right={rights.status} refused={refusedOf(states)} isStopped={isStopped} />
      </main>
    </>
  );
}

interface WithOrdersProps {
  shown: string | undefined;
  isStopped: boolean;
  feeds: readonly Feed[];
  given: string;
}

/** The chart's marks and the list come from the same orders, which only they want who may have them. */
function WithOrders({ shown, isStopped, feeds, given }: WithOrdersProps) {
  const told = useOrders();
  const orders = useMemo(() => told && allOf(told), [told]);
  return (
    <>
      {shown && <ChartPanel symbol={shown} orders={orders ?? NO_ORDERS} isStopped={isStopped} />}
      {shown && <Book symbol={shown} />}
      <Account
        right="open"
        given={given}
        // Of a stream that was stopped it says nothing.
        feed={isStopped ? undefined : feeds.find(({ market }) => market === "account")}
        orders={orders}
      />
    </>
  );
}

/** Of the symbols of the watchlist: the client also knows those of positions. */
function useStatesOf({ states }: Health, symbols: readonly string[]): Health["states"] {
  return useMemo(() => {
    const watched = new Set(symbols);
    return new Map([...states].filter(([symbol]) => watched.has(symbol)));
  }, [states, symbols]);
}

function refusedOf(states: Health["states"]): Map<string, string | undefined> {
  const refused = [...states.values()].filter(({ state }) => state === "refused");
  return new Map(refused.map(({ symbol, reason }) => [symbol, reason]));
}

/** Wants all symbols, whether their rows can be seen or not, and remembers their prices. Draws nothing. */
function Recorder({ symbols }: { symbols: readonly string[] }) {
  useSymbols(symbols);
  const client = useClient();
  useEffect(() => tape.keep(symbols), [symbols]);
  useEffect(() => client && record(client), [client]);
  return null;
}
