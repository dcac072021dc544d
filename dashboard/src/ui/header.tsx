import type { Feed } from "tapecast-client";
import { useClient } from "tapecast-client/react";
import type { Badge } from "../badge";
import { type Theme, theme } from "../choices";
import { nameOf, pretenceOf } from "../markets";
import type { Session } from "../session";
import { useStored } from "../stored";
import * as words from "../words";

const NEXT: Record<Theme, Theme> = { system: "dark", dark: "light", light: "system" };

export function Header({
  badge,
  feeds,
  session,
}: {
  badge: Badge;
  feeds: readonly Feed[];
  session: Session;
}) {
  const client = useClient();
  const chosen = useStored(theme);
  const pretence = pretenceOf(feeds);
  const isStopped = session.stoppedAt !== undefined;
  const { live, closed, stale, pending, refused } = badge.counts;
  const total = live + closed + stale + pending + refused;
  const toggle = () => {
    if (isStopped) return session.start();
    client?.close();
    session.stop();
  };
  return (
    <header>
      <h1>tapecast</h1>
      <strong className={`badge master ${badge.word.toLowerCase()}`} data-testid="badge">
        {badge.word}
        {badge.word === "LIVE" && live < total && (
          <small>
            {live} of {total}
          </small>
        )}
        {badge.word === "STALE" && stale < total && (
          <small>
            {stale} of {total}
          </small>
        )}
      </strong>
      {pretence && (
        <strong className="badge master pretence" title="These are no prices of a real market">
          {pretence}
        </strong>
      )}
      <ul className="feeds" aria-label="Feeds">
        {feeds
          .filter(({ state, market }) => !isStopped && state !== "idle" && badge.markets.has(market))
          .map((feed) => (
            <li key={feed.market} title={words.ofFeed(feed)}>
              {nameOf(feed.market)} <span className={`badge ${feed.state}`}>{feed.state}</span>
            </li>
          ))}
      </ul>
      <div className="controls">
        <button type="button" onClick={toggle} className={isStopped ? "go" : ""}>
          {isStopped ? "Start" : "Stop"}
          <span className="sr"> the stream</span>
        </button>
        <button
          type="button"
          onClick={() => theme.set(NEXT[chosen])}
          title="Colours: as the system says, dark, light"
        >
          <span className="dim">Theme</span> {chosen === "system" ? "auto" : chosen}
        </button>
      </div>
    </header>
  );
}
