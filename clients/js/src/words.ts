// tapecast-client/words: reasons and errors in words that a person can act on. The codes are those of docs/http.md,
// docs/events.md and docs/bars.md, and this client's own; one that is not here is given back as it is.

import type { TapecastError } from "./errors.js";

const FEEDS: Record<string, string> = {
  auth_failed: "the keys are refused: set the right ones and restart the worker",
  insufficient_subscription: "the plan does not have this feed: choose another ALPACA_FEED and restart",
  feed_not_enabled: "the key does not have this feed: choose another ALPACA_FEED and restart",
  insufficient_scope: "the key may not read this feed: use another key and restart",
  url_invalid: "a stream URL in the settings is no WebSocket URL: mend it and restart",
  tape_unreadable: "the replayed tape cannot be read any more: put it back and restart",
  tape_ended: "the replayed tape is over; its last prices stand",
  connection_limit: "another program holds the account's one connection: end it if it is not just ending",
  too_many_dials: "the venue wants us to wait; it is tried again by itself",
  symbol_limit: "the venue has no room for another symbol",
  unreachable: "the venue cannot be reached",
  connect_timeout: "the venue does not answer",
  bad_welcome: "what answers at the venue's address is no stream of its: check the URL",
  bad_auth_reply: "the venue's answer to the log-in makes no sense: check the URL",
  auth_timeout: "the venue did not answer the log-in",
  not_authenticated: "the venue had no log-in from us in time",
  subscribe_timeout: "the venue did not answer a subscription",
  connection_closed: "the connection to the venue was closed",
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
  lease_held: "another worker holds the lease",
  redis_restarted: "Redis has just started; a few seconds more",
  connection_lost: "this page has lost the server",
  // Of the account.
  stream_lost: "no order events; positions are read by REST meanwhile",
  listen_timeout: "Alpaca did not grant order events",
  rest_unreachable: "Alpaca's account API does not answer",
  rest_unavailable: "Alpaca's account API reports an error of its own",
  rest_not_understood: "Alpaca's account API answers what makes no sense",
  request_refused: "Alpaca's account API refuses a request: check ALPACA_TRADING_URL",
  rate_limited: "Alpaca wants us to wait: other programs use the account's calls",
  positions_differ: "Alpaca's positions are not yet what its fills told",
  ingest_silent: "no worker keeps the account: run one with the account's keys",
};

const SYMBOLS: Record<string, string> = {
  // Refused.
  symbol_invalid: "no such symbol. Forms: AAPL, BRK.B, BTC/USD, AAPL240315C00172500",
  not_allowed: "not among those that this server or ticket allows",
  symbol_limit: "the plan's symbols are all taken; it comes in when one is free",
  not_confirmed: "the venue left it out; asked for again next session",
  not_supported: "the venue does not stream it here",
  too_many_symbols: "too many different symbols were asked for",
  no_feed: "the worker has no feed of its market",
  not_on_tape: "the replayed tape does not have it",
  // Stale or pending.
  no_update: "nothing new has come for it",
  no_bars: "the venue has no bars of it",
  feed_connecting: "its feed is connecting",
  feed_reconnecting: "its feed is reconnecting",
  feed_failed: "its feed has failed",
  cancelled: "its only trade was cancelled",
  // Of positions.
  multiplier_unknown: "what one unit stands for is not known; these figures are Alpaca's own",
  quantity_unknown: "Alpaca gave no quantity; these figures are its own",
};

const AGAIN = "It is tried again by itself.";

const ELSEWHERE = "There is no tapecast at this address. It is asked again once a minute.";

const ERRORS: Record<string, string> = {
  // This client's own.
  unreachable: `The server does not answer. ${AGAIN}`,
  not_a_stream: ELSEWHERE,
  timeout: "Nothing was heard for a while: this machine may have slept, or a proxy holds the stream back.",
  ticket_failed: `This page got no ticket from its own server. ${AGAIN}`,
  bad_event: "The server sent something that makes no sense; it was left out.",
  connection_lost: "The connection broke. It is coming back by itself.",
  // The server's.
  unauthorized: "This server wants a ticket, or another one.",
  ticket_expired: "The ticket has expired.",
  forbidden:
    "This is not shown here: the ticket is not for it, or the server shows it to nobody without a token.",
  too_many_streams: `The server is full. ${AGAIN}`,
  too_many_symbols: "Too many symbols were asked for: take some away.",
  symbols_missing: "No symbol was asked for.",
  symbol_invalid: "None of these is a symbol.",
  interval_invalid: "The server does not have this interval.",
  limit_invalid: "The limit is no number of bars.",
  not_found: ELSEWHERE,
  method_not_allowed: "The server does not answer this kind of request.",
  internal: `The server has made a mistake, which stands in its log. ${AGAIN}`,
  cache_unavailable: "The server has lost Redis. It goes on by itself when Redis is back.",
  draining: "The server is restarting.",
  max_age: "The server renews the connection.",
};

/** Why a feed, or the account, is not well. */
export function feedWords(reason: string | undefined): string {
  const [, status] = /^http_(\d{3})$/.exec(reason ?? "") ?? [];
  if (status) return `the venue refused the connection with HTTP ${status}`;
  return look(FEEDS, reason) ?? reason ?? "";
}

/** Why a symbol, or the price of a position, cannot be had or believed. */
export function symbolWords(reason: string | undefined): string {
  return look(SYMBOLS, reason) ?? feedWords(reason);
}

/** What is wrong between this page and the server; `reason` is that of `connection`, where there is no error. */
export function errorWords(
  error: Pick<TapecastError, "code" | "message" | "status"> | undefined,
  reason = "connection_lost",
): string {
  const { code = reason, status, message } = error ?? {};
  if (code === "unreachable" && status)
    return `Something before the server answers with HTTP ${status}, the server itself does not. ${AGAIN}`;
  return look(ERRORS, code) ?? message ?? code;
}

function look(words: Record<string, string>, code: string | undefined): string | undefined {
  return code !== undefined && Object.hasOwn(words, code) ? words[code] : undefined;
}
