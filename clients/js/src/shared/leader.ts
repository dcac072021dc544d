import { type Clock, ServerClock } from "../clock.js";
import type { Connection, Upstream, UpstreamSink } from "../connection.js";
import type { TapecastError } from "../errors.js";
import { Store, type WireEvent } from "../store.js";
import type { WireEvents, WireName } from "../types.js";
import { unionOf, type Wants } from "../wants.js";
import { type Notice, type Platform, plainConnection, plainError, type RawEvent } from "./channel.js";

export interface LeaderParts {
  id: string;
  platform: Platform;
  clock: Clock;
  /** The lock that a tab holds as long as it lives. */
  lockOf: (tab: string) => string;
  post: (notice: Notice) => void;
  link: (sink: UpstreamSink) => Upstream;
}

/** The tab that holds the stream: it wants what all tabs want, and tells them all that it hears. */
export class Leader implements UpstreamSink {
  readonly #parts: LeaderParts;
  readonly #own: UpstreamSink;
  readonly #link: Upstream;
  // Of all tabs together, for those that come later.
  readonly #store: Store;
  readonly #wants = new Map<string, Wants>();
  readonly #over = new AbortController();
  readonly #flushLater: () => void;
  #queue: RawEvent[] = [];
  #connection: Connection = { state: "idle" };

  constructor(parts: LeaderParts, own: UpstreamSink) {
    this.#parts = parts;
    this.#own = own;
    this.#store = new Store(new ServerClock(parts.clock));
    this.#flushLater = parts.platform.later(() => this.#flush());
    this.#link = parts.link(this);
    parts.post({ is: "lead" });
  }

  want(tab: string, wants: Wants): void {
    const isNew = !this.#wants.has(tab);
    this.#wants.set(tab, wants);
    this.#update();
    if (tab === this.#parts.id) return;
    if (isNew) this.#follow(tab);
    this.#introduce(tab);
  }

  leave(tab: string): void {
    if (this.#wants.delete(tab)) this.#update();
  }

  /** A tab asks whether we are there. Its timers may run where ours are throttled, so this is our pulse, too. */
  answer(tab: string, hasten: boolean): void {
    if (hasten) this.#link.hasten();
    else this.#link.check();
    if (this.#wants.has(tab)) this.#tell(tab);
    else this.#parts.post({ is: "lead" });
  }

  check(): void {
    this.#link.check();
  }

  hasten(): void {
    this.#link.hasten();
  }

  /** Another tab leads, or this one ends. Nobody is told that the stream is closed: it goes on elsewhere. */
  close(): void {
    this.#over.abort();
    this.#wants.clear();
    this.#link.close();
  }

  // The link's side.

  event<Name extends WireName>(name: Name, payload: WireEvents[Name], raw: string): void {
    this.#store.apply([name, payload] as WireEvent);
    this.#own.event(name, payload, raw);
    if (this.#wants.size < 2) return;
    if (!this.#queue.length) this.#flushLater();
    this.#queue.push([name, raw]);
  }

  connection(connection: Connection): void {
    if (this.#over.signal.aborted) return;
    this.#connection = connection;
    if (connection.state !== "open" && connection.state !== "connecting") this.#store.lose();
    this.#own.connection(connection);
    this.#tell();
  }

  error(error: TapecastError): void {
    this.#own.error(error);
    this.#flush();
    this.#parts.post({ is: "error", error: plainError(error) });
  }

  #update(): void {
    const wants = unionOf([...this.#wants.values()]);
    this.#store.keep(wants);
    this.#link.want(wants);
  }

  /** What is known, for a tab that has just come or wants something else. */
  #introduce(tab: string): void {
    this.#tell(tab);
    const events = this.#store.image().map(([name, payload]): RawEvent => [name, JSON.stringify(payload)]);
    this.#parts.post({ is: "events", events, to: tab });
  }

  #tell(to?: string): void {
    this.#flush();
    this.#parts.post({ is: "connection", connection: plainConnection(this.#connection), to });
  }

  #flush(): void {
    const events = this.#queue;
    this.#queue = [];
    if (events.length && !this.#over.signal.aborted) this.#parts.post({ is: "events", events });
  }

  /** A tab that is gone says nothing, but its lock is free. */
  #follow(tab: string): void {
    const { platform, lockOf } = this.#parts;
    platform.locks.request(lockOf(tab), { signal: this.#over.signal }, () => this.leave(tab)).catch(() => {});
  }
}
