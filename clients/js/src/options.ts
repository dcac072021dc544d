import type { Clock } from "./clock.js";
import type { TicketSource } from "./tickets.js";
import type { Transport } from "./transport.js";

export interface ConnectOptions {
  /** Where the server is: `https://prices.example.com`, or `/api` behind a proxy. Default: this page's origin. */
  url?: string | undefined;
  symbols?: Iterable<string> | undefined;
  /** The least milliseconds between two frames of prices. */
  interval?: number | undefined;
  /** Also the account: positions, portfolio, orders. Needs the right to them. */
  positions?: boolean | undefined;
  /** Also the status of the server. Needs the right to it. */
  status?: boolean | undefined;
  /** For a server with `API_TOKEN`. A function is asked again whenever its ticket has expired. */
  ticket?: TicketSource | undefined;
  /** How streams are read. Default: the platform's `EventSource`, or `fetch` where there is none. */
  transport?: Transport | undefined;
  /** For tests. */
  clock?: Clock | undefined;
}
