import type { Clock } from "./clock.js";
import { TapecastError } from "./errors.js";
import type { Tickets } from "./tickets.js";
import type { Opened, Transport } from "./transport.js";
import type { Bye } from "./types.js";
import type { Wants } from "./wants.js";

export const EXPIRED = "ticket_expired";

/** What a link is made of. */
export interface LinkParts {
  /** What stands before the query. */
  base: string;
  transport: Transport;
  tickets: Tickets;
  clock: Clock;
  query: (wants: Wants) => string;
}

/** One stream of a link, from its request to its end. */
export class Stream {
  opened: Opened | undefined;
  /** Its `hello` is here. */
  isGreeted = false;
  /** The last words of the server, until it says `hello` again. */
  bye: Bye | undefined;

  constructor(
    readonly query: string,
    readonly since: number,
  ) {}

  close(): void {
    this.opened?.close();
  }
}

/** The `bye` of a ticket as an error: its stream ended, and with this ticket there will be no other. */
export function expired(message: string): TapecastError {
  return new TapecastError(EXPIRED, message, { lasting: true });
}
