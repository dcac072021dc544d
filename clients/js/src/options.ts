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
  /**
   * One stream for all tabs of this origin, where the browser can (default: true). A text, say the user's id, keeps
   * those apart that must not share: the stream is opened with the ticket of whichever tab came first.
   */
  shared?: boolean | string | undefined;
  /** How streams are read. Default: the platform's `EventSource`; in Node give `fetchTransport()`. */
  transport?: Transport | undefined;
  /** For tests. */
  clock?: Clock | undefined;
}
