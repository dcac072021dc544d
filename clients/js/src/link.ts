// One page's own connection: opens, watches and comes back. In which ways a stream ends, and when the next one opens
// after each, is a table in docs/javascript.md.

import { Backoff } from "./backoff.js";
import type { Timer } from "./clock.js";
import type { Connection, ConnectionState, Upstream, UpstreamSink } from "./connection.js";
import { TapecastError } from "./errors.js";
import { LOST } from "./store.js";
import { EXPIRED, expired, type LinkParts, Stream } from "./stream.js";
import type { Sink } from "./transport.js";
import type { Bye, Heartbeat, WireEvents, WireName } from "./types.js";
import type { Wants } from "./wants.js";
import { Watchdog } from "./watchdog.js";

// Components of a page come one by one, within a turn or two.
const DEBOUNCE_MS = 50;
// A wait that is longer was reckoned by a clock that has been set back since.
const LONGEST_MS = 400_000;
// The old stream may hold the last of the browser's six connections, or of the server's for this client.
const OVERLAP_MS = 3_000;
// How often the clock is looked at: a timer stands still while a laptop sleeps, so none is longer.
const PULSE_MS = 1_000;
const SOONEST_MS = 350;

export class Link implements Upstream {
  readonly #parts: LinkParts;
  readonly #sink: UpstreamSink;
  readonly #backoff: Backoff;
  readonly #watchdog: Watchdog;
  #query = "";
  #state: ConnectionState = "idle";
  // The stream that counts, and the one that is to follow it.
  #current: Stream | undefined;
  #next: Stream | undefined;
  // When to open a stream, by wall clock.
  #due: number | undefined;
  #timer: Timer | undefined;
  // Which attempt this is: a ticket may arrive when nobody waits for it any more.
  #turn = 0;

  constructor(parts: LinkParts, sink: UpstreamSink) {
    this.#parts = parts;
    this.#sink = sink;
    this.#backoff = new Backoff(parts.clock);
    this.#watchdog = new Watchdog(parts.clock);
  }

  want(wants: Wants): void {
    if (this.#state === "closed") return;
    const query = this.#parts.query(wants);
    if (query === this.#query) return;
    this.#query = query;
    if (!query) {
      this.#drop();
      this.#tell({ state: "idle" });
    } else if (query === this.#current?.query && this.#current.isGreeted) {
      // Asked for and given up again before anything was opened.
      this.#turn += 1;
      this.#due = undefined;
      this.#endNext();
    } else if (this.#state !== "reconnecting" || this.#current) {
      // Else it is waiting for its turn, and asks for what is wanted then.
      if (this.#state === "idle") this.#tell({ state: "connecting" });
      this.#due = this.#now() + DEBOUNCE_MS;
    }
    this.#schedule();
  }

  check(): void {
    const { tickets } = this.#parts;
    if (this.#now() >= tickets.renewAt && this.#state === "open" && tickets.expire())
      this.#due ??= this.#now();
    if (this.#due !== undefined && this.#due - this.#now() > LONGEST_MS) this.#due = this.#now();
    if (this.#due !== undefined && this.#now() >= this.#due) {
      void this.#open();
    } else if (this.#next && this.#now() - this.#next.since > OVERLAP_MS) {
      this.#promote(this.#next);
      this.#lost();
    } else if (this.#current && this.#watchdog.leftMs <= 0) {
      this.#watchdog.bark();
      this.#drop();
      this.#fail(new TapecastError("timeout", "nothing was heard for too long"), SOONEST_MS);
    }
    this.#schedule();
  }

  hasten(): void {
    if (this.#due !== undefined && this.#state === "reconnecting") {
      this.#backoff.reset();
      this.#due = Math.min(this.#due, this.#now() + SOONEST_MS * this.#parts.clock.random());
    }
    this.check();
  }

  close(): void {
    this.#drop();
    this.#tell({ state: "closed" });
    this.#schedule();
  }

  #now(): number {
    return this.#parts.clock.now();
  }

  async #open(): Promise<void> {
    const { base, tickets, transport } = this.#parts;
    const turn = ++this.#turn;
    this.#due = tickets.waitMs ? this.#now() + tickets.waitMs : undefined;
    if (this.#due !== undefined) return;
    let ticket: string | undefined;
    try {
      ticket = await tickets.get();
    } catch (error) {
      if (turn === this.#turn) this.#fail(error as TapecastError, this.#backoff.next(tickets.waitMs));
      return;
    }
    if (turn !== this.#turn) return;
    const stream = new Stream(this.#query, this.#now());
    this.#endNext();
    if (this.#current?.isGreeted && this.#state === "open") {
      this.#next = stream;
    } else {
      this.#current?.close();
      this.#current = stream;
      this.#watchdog.begin();
    }
    const url = `${base}?${stream.query}${ticket === undefined ? "" : `&ticket=${encodeURIComponent(ticket)}`}`;
    stream.opened = transport.open(url, this.#sinkOf(stream));
    this.#schedule();
  }

  #sinkOf(stream: Stream): Sink {
    const counts = () => stream === this.#current || stream === this.#next;
    return {
      event: (name, data) => counts() && this.#hear(stream, name === "message" ? "tick" : name, data),
      lost: () => stream === this.#current && this.#lost(),
      end: (over) => counts() && this.#ended(stream, over),
    };
  }

  #hear(stream: Stream, name: string, data: string): void {
    let payload: WireEvents[WireName];
    try {
      payload = JSON.parse(data);
    } catch (cause) {
      this.#sink.error(new TapecastError("bad_event", `no JSON: ${name}`, { cause }));
      return;
    }
    if (stream === this.#next) this.#promote(stream);
    this.#watchdog.hear();
    if (name === "hello") {
      stream.isGreeted = true;
      stream.bye = undefined;
      this.#backoff.reset();
      this.#watchdog.begin();
      // Before the event: who hears `hello` may look at the connection.
      this.#tell({ state: "open" });
    } else if (name === "bye") stream.bye = payload as Bye;
    else if (name === "heartbeat") this.#watchdog.beat((payload as Heartbeat).server_time);
    this.#sink.event(name as WireName, payload as never, data);
  }

  /** It takes over from the stream before: it was heard of, or has had its time. */
  #promote(stream: Stream): void {
    this.#current?.close();
    this.#current = stream;
    this.#next = undefined;
    this.#watchdog.begin();
  }

  /** The current stream broke and its transport comes back by itself. */
  #lost(): void {
    const bye = this.#current?.bye;
    this.#watchdog.begin();
    // It would come back with the same ticket.
    if (bye?.code === EXPIRED) {
      const didWork = this.#current?.isGreeted;
      this.#drop();
      this.#refuseTicket(expired(bye.message), didWork);
    } else this.#tell({ state: "reconnecting", reason: bye?.code ?? LOST });
  }

  #ended(stream: Stream, { error, retryMs }: { error?: TapecastError; retryMs?: number | undefined }): void {
    const { bye } = stream;
    if (stream === this.#next) this.#endNext();
    else this.#drop();
    if (bye?.code === EXPIRED) this.#refuseTicket(expired(bye.message), stream.isGreeted);
    else if (error?.status === 401) this.#refuseTicket(error);
    else if (error) this.#fail(error);
    else {
      const wait = retryMs === undefined ? this.#backoff.next() : Math.max(SOONEST_MS, retryMs);
      this.#wait(wait, { state: "reconnecting", reason: bye?.code ?? LOST });
    }
  }

  /** One that was new and is refused says that the next one will be. */
  #refuseTicket(error: TapecastError, didWork = false): void {
    const { tickets } = this.#parts;
    if (tickets.expire() && (didWork || !tickets.waitMs))
      this.#wait(tickets.waitMs, { state: "reconnecting", reason: error.code });
    else this.#fail(error);
  }

  #fail(error: TapecastError, waitMs = this.#backoff.after(error)): void {
    this.#wait(waitMs, { state: error.lasting ? "refused" : "reconnecting", reason: error.code, error });
    // Last: who hears of it may close this, or want something else.
    this.#sink.error(error);
  }

  #wait(ms: number, connection: Connection): void {
    this.#due = this.#now() + ms;
    // Where the old set still streams, that is better than nothing while the new one is asked for again.
    if (!this.#current?.isGreeted || this.#state !== "open")
      this.#tell({ ...connection, retryAt: this.#due });
    this.#schedule();
  }

  #endNext(): void {
    this.#next?.close();
    this.#next = undefined;
  }

  /** Nothing is open and nothing is due. */
  #drop(): void {
    this.#turn += 1;
    this.#due = undefined;
    this.#endNext();
    this.#current?.close();
    this.#current = undefined;
  }

  #tell(connection: Connection): void {
    if (this.#state === "closed" || (this.#state === "open" && connection.state === "open")) return;
    this.#state = connection.state;
    this.#sink.connection(connection);
  }

  #schedule(): void {
    const { clock } = this.#parts;
    clock.clearTimer(this.#timer);
    if (this.#due === undefined && !this.#current) return;
    const wait = Math.min(PULSE_MS, (this.#due ?? Infinity) - this.#now());
    this.#timer = clock.setTimer(() => this.check(), Math.max(0, wait));
  }
}
