import type { Clock } from "./clock.js";
import type { Upstream, UpstreamSink } from "./connection.js";
import { eventSourceTransport } from "./eventsource.js";
import { Link } from "./link.js";
import type { ConnectOptions } from "./options.js";
import { browserPlatform } from "./shared/channel.js";
import { Tab } from "./shared/tab.js";
import { Tickets } from "./tickets.js";
import { queryOf } from "./wants.js";

/** How a client opens its upstream. */
export type Open = (sink: UpstreamSink) => Upstream;

/** A stream of this page's own: of which path, and by which query. */
export function linkOf(options: ConnectOptions, clock: Clock, path: string, query = queryOf): Open {
  const base = (options.url ?? "").replace(/\/*$/, path);
  const transport = options.transport ?? eventSourceTransport();
  const tickets = new Tickets(options.ticket, clock);
  return (sink) => new Link({ base, transport, tickets, clock, query }, sink);
}

/** A stream of this page's own, or a part in that of all tabs. */
export function upstreamOf(options: ConnectOptions, clock: Clock): Open {
  const { shared = true } = options;
  const link = linkOf(options, clock, "/stream");
  const platform = shared === false ? undefined : browserPlatform();
  if (!platform) return link;
  // The number is that of the messages: pages of two releases may be open at once.
  const name = `tapecast 1 ${new URL(options.url || "/", location.href)} ${shared}`;
  return (sink) => new Tab({ name, platform, clock, link }, sink);
}
