import type { Clock, Timer } from "./clock.js";
import { TapecastError } from "./errors.js";

/** A ticket, or how to get one: your own server mints them, see docs/http.md. */
export type TicketSource = string | (() => string | Promise<string>);

// A server that refuses every ticket must not make each page ask for new ones without end.
const FLOOR_MS = 10_000;
const LATE_MS = 20_000;
// Of its life, after which the next one is asked for: the stream that it opened still runs then.
const SHARE = 0.9;

/** Keeps a ticket until it is refused, and asks for the next no more often than the floor allows. */
export class Tickets {
  readonly #source: TicketSource | undefined;
  readonly #clock: Clock;
  // Also while it is on its way.
  #ticket: Promise<string | undefined> | undefined;
  #asked = 0;
  /** When to ask for the next one, before the server ends the stream. Not known of a ticket that is no JWT. */
  renewAt = Infinity;

  constructor(source: TicketSource | undefined, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
    if (typeof source !== "function") this.#ticket = Promise.resolve(source);
  }

  /** How long to wait before `get` may be called. */
  get waitMs(): number {
    if (this.#ticket) return 0;
    return Math.max(0, Math.min(FLOOR_MS, this.#asked + FLOOR_MS - this.#clock.now()));
  }

  /** The ticket to open a stream with; undefined where none is needed. */
  get(): Promise<string | undefined> {
    if (!this.#ticket) {
      this.#asked = this.#clock.now();
      this.#ticket = this.#ask();
      this.#ticket.catch(() => {
        this.#ticket = undefined;
      });
    }
    return this.#ticket;
  }

  /** The server takes it no more. False where there is no other. */
  expire(): boolean {
    if (typeof this.#source !== "function") return false;
    this.#ticket = undefined;
    this.renewAt = Infinity;
    return true;
  }

  async #ask(): Promise<string> {
    let timer: Timer | undefined;
    // A function that never answers must not be the end of everything.
    const late = new Promise<never>((_, reject) => {
      timer = this.#clock.setTimer(() => reject("too late"), LATE_MS);
    });
    try {
      const ticket = await Promise.race([(this.#source as () => string)(), late]);
      this.renewAt = this.#asked + SHARE * lifeMs(ticket);
      return ticket;
    } catch (cause) {
      throw new TapecastError("ticket_failed", `no ticket: ${(cause as Error)?.message ?? cause}`, { cause });
    } finally {
      this.#clock.clearTimer(timer);
    }
  }
}

/** By the server's two times, so that a wrong clock of ours does not matter. */
function lifeMs(ticket: string): number {
  try {
    const { exp, iat } = JSON.parse(
      atob((ticket.split(".")[1] as string).replace(/-/g, "+").replace(/_/g, "/")),
    );
    return 1000 * (exp - iat) || Infinity;
  } catch {
    return Infinity;
  }
}
