import type { Clock } from "./clock.js";
import type { Upstream, UpstreamSink } from "./connection.js";
import { eventSourceTransport } from "./eventsource.js";
import { Link } from "./link.js";
import type { ConnectOptions } from "./options.js";
import { browserPlatform } from "./shared/channel.js";
import { Tab } from "./shared/tab.js";
import { Tickets } from "./tickets.js";

/** A stream of this page's own, or a part in that of all tabs. */
export function upstreamOf(options: ConnectOptions, clock: Clock, sink: UpstreamSink): Upstream {
  const { shared = true } = options;
  const base = (options.url ?? "").replace(/\/+$/, "");
  const transport = options.transport ?? eventSourceTransport();
  const tickets = new Tickets(options.ticket, clock);
  const link = (to: UpstreamSink) => new Link({ base, transport, tickets, clock }, to);
  const platform = shared === false ? undefined : browserPlatform();
  if (!platform) return link(sink);
  // The number is that of the messages: pages of two releases may be open at once.
  const name = `tapecast 1 ${new URL(base || "/", location.href)} ${shared}`;
  return new Tab({ name, platform, clock, link }, sink);
}
