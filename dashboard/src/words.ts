// Reasons, in words. The codes are those of docs/events.md; a code that is not here is shown as it is.

import type { Feed, TapecastError } from "tapecast-client";
import { nameOf } from "./markets";

const FEED: Record<string, string> = {
  auth_failed: "the venue refuses the keys: set the right ones and restart the worker",
  insufficient_subscription: "the plan does not have this feed: choose another ALPACA_FEED and restart",
  feed_not_enabled: "the key does not have this feed: choose another ALPACA_FEED and restart",
  insufficient_scope: "the key may not read this feed: use another key and restart",
  url_invalid: "a stream URL in the settings is no WebSocket URL: mend it and restart",
  tape_unreadable: "the replayed tape cannot be read any more",
  tape_ended: "the replayed tape is over; its last prices stand",
  connection_limit: "another program holds the account's one connection: end it if it is not just ending",
  too_many_dials: "the venue wants us to wait; it is tried again by itself",
  symbol_limit: "the venue has no room for another symbol",
  unreachable: "the venue cannot be reached",
  connect_timeout: "the venue does not answer",
  bad_welcome: "what answers at the venue's address is no stream of its: check the URL",
  bad_auth_reply: "the venue's answer to the log-in makes no sense",
  auth_timeout: "the venue did not answer the log-in",
  not_authenticated: "the venue had no log-in from us in time",
  subscribe_timeout: "the venue did not answer a subscription",
  connection_closed: "the venue closed the connection",
  silent: "the venue has fallen silent",
  mute: "the venue trades, but sends nothing here",
  slow_client: "the worker reads too slowly: give it more CPU or fewer symbols",
  send_timeout: "the venue takes nothing from us",
  venue_error: "the venue reports an error of its own",
  no_ingest: "no worker is running: start `tapecast ingest`",
  ingest_lost: "the worker has fallen silent: restart it, or wait for a standby",
  cache_unavailable: "the server has lost Redis; it goes on by itself when Redis is back",
  cache_full: "Redis is full and takes no writes: give it more memory",
  cache_readonly: "this Redis is a read-only replica: name the primary in REDIS_URL",
  cache_forbidden: "the user of REDIS_URL lacks a right",
  cache_foreign: "another program uses our names in this Redis: set REDIS_PREFIX",
  connection_lost: "this page has lost the server",
  lease_held: "another worker holds the lease",
  redis_restarted: "Redis has just started; a few seconds more",
  stream_lost: "no order events; positions are read by REST meanwhile",
  rest_unreachable: "Alpaca's account API does not answer",
  rest_unavailable: "Alpaca's account API reports an error of its own",
  rest_not_understood: "Alpaca's account API answers what makes no sense",
  request_refused: "Alpaca refuses a call about the account: check ALPACA_TRADING_URL; it is tried again",
  positions_differ: "Alpaca's positions do not have its newest fills yet",
  rate_limited: "Alpaca wants us to wait: other programs use the account's calls",
  ingest_silent: "no worker keeps the account: run one with the account's keys",
};

const SYMBOL: Record<string, string> = {
  symbol_invalid: "no such symbol. Forms: AAPL, BRK.B, BTC/USD",
  not_allowed: "not among those that this server or ticket allows",
  symbol_limit: "the plan's symbols are all taken; it comes in when one is free",
  not_confirmed: "the venue left it out; asked for again next session",
  not_supported: "the venue does not stream it here",
  too_many_symbols: "too many different symbols were asked for",
  no_feed: "the worker has no feed of its market",
  not_on_tape: "the replayed tape does not have it",
  no_update: "nothing new has come for it",
  feed_connecting: "its feed is connecting",
  feed_reconnecting: "its feed is reconnecting",
  feed_failed: "its feed has failed",
  cancelled: "its only trade was cancelled",
};

const ERRORS: Record<string, string> = {
  unreachable: "The server does not answer. It is tried again by itself.",
  not_a_stream: "There is no tapecast at this address. It is asked again once a minute.",
  timeout: "Nothing was heard for a while: this machine may have slept, or a proxy holds the stream back.",
  unauthorized: "This server wants a ticket.",
  ticket_expired: "The ticket has expired: give this page a new one.",
  forbidden: "The ticket is not for this.",
  too_many_streams: "The server is full. It is tried again by itself.",
  too_many_symbols: "Too many symbols were asked for: take some away.",
  symbol_invalid: "None of these is a symbol.",
  cache_unavailable: "The server has lost Redis. It goes on by itself when Redis is back.",
  draining: "The server is restarting.",
  connection_lost: "The connection broke. It is coming back by itself.",
  max_age: "The server renews the connection.",
};

/** Why a feed is not well: "Stocks: the venue has fallen silent". */
export function ofFeed({ market, state, reason }: Feed): string {
  const why = reason === undefined ? "" : (FEED[reason] ?? httpOf(reason) ?? reason);
  return `${nameOf(market)}: ${why || (state === "closed" ? "the market is closed" : state)}`;
}

/** Why a symbol cannot be had or believed. */
export function ofSymbol(reason: string | undefined): string {
  return reason === undefined ? "" : (SYMBOL[reason] ?? FEED[reason] ?? reason);
}

/** What went wrong between this page and the server. `isGiven`: the page has a ticket. */
export function ofError(
  error: TapecastError | undefined,
  reason: string | undefined,
  isGiven = false,
): string {
  const code = error?.code ?? reason ?? "connection_lost";
  if (error?.status === 404) return ERRORS.not_a_stream as string;
  // Whoever answers so is not always the server itself, and its own words are none of ours.
  if (code === "unreachable" && error?.status)
    return `The server, or a proxy before it, answers with HTTP ${error.status}. It is tried again by itself.`;
  if (code === "unauthorized" && isGiven) return "The server does not take this ticket.";
  return ERRORS[code] ?? error?.message ?? code;
}

function httpOf(reason: string): string | undefined {
  const [, status] = /^http_(\d{3})$/.exec(reason) ?? [];
  return status && `the venue refused the connection with HTTP ${status}`;
}
