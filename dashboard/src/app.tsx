import { useEffect } from "react";
import { TapecastProvider, useClient, useMarketStream } from "tapecast-client/react";
import { badgeOf } from "./badge";
import { selected, shownOf, theme, ticket, unwatch, watch, watchlist } from "./choices";
import { BASE, INTERVAL_MS } from "./config";
import { useHealth } from "./hooks";
import { useRights } from "./rights";
import { type Session, tape, useSession } from "./session";
import { useStored } from "./stored";
import { Header } from "./ui/header";
import { Notice } from "./ui/notice";
import { Watchlist } from "./ui/watchlist";

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
  const shown = shownOf(chosen, symbols);
  const health = useHealth();
  const { connection, feeds, states } = health;
  const rights = useRights(
    BASE,
    given,
    connection.state === "refused" ? (connection.reason ?? "refused") : "",
  );
  const badge = badgeOf({ isStopped: session.stoppedAt !== undefined, connection, feeds, states });
  useEffect(() => {
    document.title = `${badge.word} · tapecast`;
  }, [badge.word]);
  return (
    <>
      <Recorder symbols={symbols} />
      <Header badge={badge} feeds={feeds} session={session} />
      <main>
        <Notice badge={badge} health={health} session={session} rights={rights} given={given} />
        <Watchlist
          symbols={symbols}
          shown={shown}
          isFeedDead={badge.word !== "LIVE" && badge.word !== "CLOSED"}
          onChoose={selected.set}
          onAdd={(text) => {
            const first = watch(text);
            if (first) selected.set(first);
          }}
          onRemove={unwatch}
        />
      </main>
    </>
  );
}

/** Wants all symbols, whether their rows can be seen or not, and remembers their prices. Draws nothing. */
function Recorder({ symbols }: { symbols: readonly string[] }) {
  useMarketStream(symbols);
  const client = useClient();
  useEffect(() => {
    tape.keep(symbols);
  }, [symbols]);
  useEffect(
    () =>
      client?.on("tick", ({ symbol, price, timestamp, ts_recv }) => {
        const ms = timestamp ? Date.parse(timestamp) : (ts_recv ?? Number.NaN) / 1000;
        if (!Number.isNaN(ms)) tape.add(symbol, ms, price);
      }),
    [client],
  );
  return null;
}
