import type { Clock, Timer } from "./clock.js";
import { TapecastError } from "./errors.js";

/** A ticket, or how to get one: your own server mints them, see docs/http.md. */
export type TicketSource = string | (() => string | Promise<string>);

// A server that refuses every ticket must not make each page ask for new ones without end.
const FLOOR_MS = 10_000;
const LATE_MS = 20_000;

/** Keeps a ticket until it is refused, and asks for the next no more often than the floor allows. */
export class Tickets {
  #ticket: string | undefined;
  #asked = Number.NEGATIVE_INFINITY;
  #pending: Promise<string> | undefined;

  constructor(
    private readonly source: TicketSource | undefined,
    private readonly clock: Clock,
  ) {
    if (typeof source === "string") this.#ticket = source;
  }

  get isRenewable(): boolean {
    return typeof this.source === "function";
  }

  /** How long to wait before `get` may be called. */
  get waitMs(): number {
    const isHeld = !this.isRenewable || this.#ticket !== undefined || this.#pending;
    return isHeld ? 0 : Math.min(FLOOR_MS, Math.max(0, this.#asked + FLOOR_MS - this.clock.now()));
  }

  /** The ticket to open a stream with; undefined where none is needed. */
  async get(): Promise<string | undefined> {
    const { source } = this;
    if (this.#ticket !== undefined || typeof source !== "function") return this.#ticket;
    if (!this.#pending) {
      this.#asked = this.clock.now();
      this.#pending = this.#ask(source);
    }
    try {
      this.#ticket = await this.#pending;
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new TapecastError("ticket_failed", `no ticket: ${why}`, { cause });
    } finally {
      this.#pending = undefined;
    }
    return this.#ticket;
  }

  /** The server takes it no more. False where another would fare no better: there is none, or it was new. */
  expire(): boolean {
    if (!this.isRenewable) return false;
    this.#ticket = undefined;
    return this.waitMs === 0;
  }

  /** A function that never answers must not be the end of everything. */
  async #ask(source: () => string | Promise<string>): Promise<string> {
    let timer: Timer | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = this.clock.setTimer(() => reject(new Error("the ticket function takes too long")), LATE_MS);
    });
    try {
      return await Promise.race([source(), late]);
    } finally {
      this.clock.clearTimer(timer);
    }
  }
}
