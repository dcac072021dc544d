// What the client's words lack: whose they are, and what the person at this page has done.

import type { Feed, TapecastError } from "tapecast-client";
import { errorWords, feedWords } from "tapecast-client/words";
import { nameOf } from "./markets";

export { symbolWords as ofSymbol } from "tapecast-client/words";

/** Why a feed is not well: "Stocks: the venue has fallen silent". */
export function ofFeed({ market, state, reason }: Feed): string {
  return `${nameOf(market)}: ${feedWords(reason) || (state === "closed" ? "the market is closed" : state)}`;
}

/** What is wrong between this page and the server. `isGiven`: the page has a ticket. */
export function ofError(error: TapecastError | undefined, reason?: string, isGiven = false): string {
  const isRefused = isGiven && (error?.code ?? reason) === "unauthorized";
  return isRefused ? "The server does not take this ticket." : errorWords(error, reason);
}
