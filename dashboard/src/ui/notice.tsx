import { useEffect, useState } from "react";
import type { Badge } from "../badge";
import { ticket } from "../choices";
import { clock } from "../format";
import { type Health, useSecond } from "../hooks";
import type { Session } from "../session";
import * as words from "../words";
import { TicketForm } from "./ticket";

interface Props {
  badge: Badge;
  health: Health;
  session: Session;
  given: string;
}

// A state that lasts no longer is nothing to tell: the first connection, a server that changes over.
const CALM_MS = 1_500;
const WANT_TICKET = new Set(["unauthorized", "ticket_expired", "forbidden"]);

/** What is wrong, in words, and what becomes of it. Empty while all is well. */
export function Notice({ badge, health, session, given }: Props) {
  const text = textOf(badge, health, session, given !== "");
  const isCalm = useCalm(badge.word === "CONNECTING" ? text : "");
  const code = health.connection.state === "refused" ? health.connection.error?.code : undefined;
  const isTicketWanted = code !== undefined && WANT_TICKET.has(code);
  return (
    <div className="notice-place" role="status">
      {text && !isCalm && (
        <div className={`notice ${badge.word.toLowerCase()}`}>
          <p>
            {text} <Countdown at={health.connection.retryAt} isShown={isLost(badge, health)} />
          </p>
          {isTicketWanted && <TicketForm given={given} onGive={ticket.set} />}
        </div>
      )}
    </div>
  );
}

/** It is the server that is lost: the venue has no next try that is known here. */
function isLost({ word }: Badge, { connection }: Health): boolean {
  return word === "RECONNECTING" && connection.state === "reconnecting";
}

/** True for the first moments of a text. */
function useCalm(text: string): boolean {
  const [shown, setShown] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setShown(text), CALM_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return text !== "" && shown !== text;
}

function Countdown({ at, isShown }: { at: number | undefined; isShown: boolean }) {
  useSecond();
  if (!isShown) return null;
  // Without a moment the browser itself tries, every few seconds.
  const seconds = at === undefined ? 0 : Math.ceil((at - Date.now()) / 1000);
  // Not read aloud each second.
  return <span aria-hidden="true">{seconds > 0 ? `Next try in ${seconds} s.` : "Trying now."}</span>;
}

export function textOf(
  { word, ill, counts }: Badge,
  { connection, error, cause, states }: Health,
  session: Session,
  isGiven: boolean,
) {
  switch (word) {
    case "STOPPED":
      return `You stopped the stream at ${clock(session.stoppedAt)}. Nothing below is current.`;
    case "EMPTY":
      return "Nothing is watched. Add a symbol below.";
    case "REFUSED":
      if (connection.state !== "refused") return "None of these symbols can be had; each row says why.";
      return words.ofError(connection.error ?? error, connection.reason, isGiven);
    case "RECONNECTING":
    case "CONNECTING":
    case "FAILED":
      if (connection.state !== "open") {
        if (word === "CONNECTING") return "Connecting to the server.";
        // That a try broke off says less than why those before it did.
        const known = connection.reason === "connection_lost" ? cause : undefined;
        return `${words.ofError(connection.error ?? known, connection.reason)} Nothing below is current.`;
      }
      if (ill.length) return `${ill.map(words.ofFeed).join(". ")}.`;
      return "Waiting for first prices.";
    case "STALE": {
      if (ill.length) return `Not current. ${ill.map(words.ofFeed).join(". ")}.`;
      const reasons = new Set(
        [...states.values()]
          .filter(({ state }) => state === "stale")
          .map(({ reason }) => words.ofSymbol(reason)),
      );
      return `${counts.stale} ${counts.stale === 1 ? "symbol is" : "symbols are"} not current: ${[...reasons].join("; ")}.`;
    }
    case "CLOSED":
      return "The market is closed: the last prices stand, and move again by themselves when it opens.";
    default:
      return "";
  }
}
