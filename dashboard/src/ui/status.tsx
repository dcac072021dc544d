import type { Feed, ServerStatus } from "tapecast-client";
import { useStreamStatus } from "tapecast-client/react";
import { feedWords } from "tapecast-client/words";
import { age, clock } from "../format";
import { useSecond } from "../hooks";
import { nameOf } from "../markets";
import type { Right } from "../rights";
import { meter } from "../session";
import * as words from "../words";
import { Fact } from "./book";

/** How the whole path is: feeds, the server, and this page. */
export function Status({
  right,
  refused,
  isStopped,
}: {
  right: Right;
  isStopped: boolean;
  refused: ReadonlyMap<string, string | undefined>;
}) {
  const { feeds, hello, status, connected } = useStreamStatus({ server: right === "open" });
  return (
    <section className="panel status" aria-label="Status">
      <div className="bar">
        <h2>Status</h2>
        <span className="dim">{hello && `tapecast ${hello.version}`}</span>
      </div>
      <ul>
        {!isStopped && feeds.map((feed) => <FeedLine key={feed.market} feed={feed} />)}
        {[...refused].map(([symbol, reason]) => (
          <li key={symbol}>
            <b>{symbol}</b> <span className="badge refused">refused</span> <p>{words.ofSymbol(reason)}</p>
          </li>
        ))}
      </ul>
      <dl>
        <Here />
        {/* Figures of before would pass for those of now. */}
        {status && connected && <Server status={status} />}
      </dl>
      {right === "forbidden" || right === "unauthorized" ? (
        <p className="aside">The server's own figures need a ticket that is for status.</p>
      ) : null}
    </section>
  );
}

function FeedLine({ feed }: { feed: Feed }) {
  return (
    <li>
      <b>{nameOf(feed.market)}</b> <span className={`badge ${feed.state}`}>{feed.state}</span>{" "}
      <span className="dim" title={feed.since}>
        {feed.simulated ? "" : feed.feed} since {clock(feed.since)}
      </span>
      {feed.reason && <p>{feedWords(feed.reason)}</p>}
    </li>
  );
}

function Here() {
  useSecond();
  const { perSecond, median, worst } = meter.pace(performance.now());
  return (
    <>
      <Fact name="Prices here" of={`${perSecond.toFixed(perSecond < 10 ? 1 : 0)}/s`} />
      <Fact
        name="Server to page"
        of={median === undefined ? undefined : `${Math.round(median)} ms, worst ${Math.round(worst ?? 0)}`}
      />
    </>
  );
}

/** Which worker holds the connections of which markets: mostly one, all of them. */
function holdersOf(lease: ServerStatus["lease"]): Map<string, string[]> {
  const holders = new Map<string, string[]>();
  for (const [market, { holder, epoch }] of Object.entries(lease ?? {}))
    holders.set(holder, [...(holders.get(holder) ?? []), `${nameOf(market)} since epoch ${epoch}`]);
  return holders;
}

/** How many messages made no sense. Data in flight when its symbol was given up (`unasked`) does. */
export function leftOutOf(rejected: ServerStatus["rejected"] | undefined): number {
  const { unasked: _, ...faults } = rejected ?? {};
  return Object.values(faults).reduce((sum, count) => sum + count, 0);
}

function Server({ status }: { status: ServerStatus }) {
  const { lease, newest_tick_age_s, clock_offset_s, rejected } = status;
  const leftOut = leftOutOf(rejected);
  return (
    <>
      <Fact name="Venue messages" of={`${Math.round(status.messages_per_second)}/s`} />
      <Fact
        name="Newest price"
        of={newest_tick_age_s === null ? "none yet" : `${age(1000 * newest_tick_age_s)} ago`}
      />
      <Fact
        name="Streams"
        of={`${status.stream_count}, on ${status.replicas} ${status.replicas === 1 ? "replica" : "replicas"}`}
      />
      <Fact name="Symbols" of={`${status.active_symbols.length}, ${status.refused_count ?? 0} refused`} />
      <Fact name="Reconnects" of={String(status.reconnects)} />
      {[...holdersOf(lease)].map(([holder, markets]) => (
        <Fact key={holder} name="Lease" of={holder} hint={markets.join(", ")} />
      ))}
      <Fact
        name="Left out"
        of={leftOut ? `${leftOut} ${leftOut === 1 ? "message" : "messages"} that made no sense` : undefined}
      />
      {Object.entries(clock_offset_s ?? {}).map(([process, seconds]) => (
        <Fact key={process} name="Wrong clock" of={`${process} by ${seconds} s`} />
      ))}
    </>
  );
}
