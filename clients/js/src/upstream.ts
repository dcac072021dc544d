import type { Clock } from "./clock.js";
import type { Upstream, UpstreamSink } from "./connection.js";
import { eventSourceTransport } from "./eventsource.js";
import { fetchTransport } from "./fetch.js";
import { Link } from "./link.js";
import type { ConnectOptions } from "./options.js";
import { Tickets } from "./tickets.js";

/** A stream of this page's own. */
export function upstreamOf(options: ConnectOptions, clock: Clock, sink: UpstreamSink): Upstream {
  const parts = {
    base: (options.url ?? "").replace(/\/+$/, ""),
    transport: options.transport ?? (globalThis.EventSource ? eventSourceTransport() : fetchTransport()),
    tickets: new Tickets(options.ticket, clock),
    clock,
  };
  return new Link(parts, sink);
}
