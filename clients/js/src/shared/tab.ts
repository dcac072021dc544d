// One stream for all tabs of an origin. Over HTTP/1.1 a browser opens six connections to a host, for all its tabs
// together: with a stream per tab the seventh tab would wait for ever, and its other requests with it.
//
// Each tab holds a lock of its own while it lives, so that the leader learns of its end, and waits for the lock of
// the leader. Who gets that opens the stream; the others hear it on a channel. A leader that is closed gives its
// lock to the next. One that answers no more (frozen, or in a debugger) is relieved of it.

import type { Clock, Timer } from "../clock.js";
import type { Upstream, UpstreamSink } from "../connection.js";
import { queryOf, type Wants } from "../wants.js";
import {
  type Channel,
  connectionOf,
  errorOf,
  type Message,
  type Notice,
  type Platform,
  type Request,
} from "./channel.js";
import { Leader } from "./leader.js";

const PULSE_MS = 5_000;

export interface TabParts {
  /** The same for all tabs that share. */
  name: string;
  platform: Platform;
  clock: Clock;
  link: (sink: UpstreamSink) => Upstream;
}

export class Tab implements Upstream {
  readonly #parts: TabParts;
  readonly #sink: UpstreamSink;
  readonly #id = crypto.randomUUID();
  readonly #channel: Channel;
  #wants: Wants | undefined;
  // Whether our lock is held: before, a leader would take us for gone.
  #isThere = false;
  #isClosed = false;
  #leading: Leader | undefined;
  // Whose notices count: a leader that was relieved may go on talking for a moment.
  #leader: string | undefined;
  #isAsked = false;
  #heard: number;
  #timer: Timer | undefined;
  // Ends the wait for the leader's lock.
  #waiting = new AbortController();
  // Let our locks go.
  #resign = () => {};
  #vanish = () => {};

  constructor(parts: TabParts, sink: UpstreamSink) {
    this.#parts = parts;
    this.#sink = sink;
    this.#heard = parts.clock.now();
    this.#channel = parts.platform.channel(parts.name);
    this.#channel.onmessage = ({ data }) => this.#receive(data);
    const live = () => {
      if (this.#isClosed) return undefined;
      this.#isThere = true;
      this.#send();
      this.#campaign();
      return new Promise<void>((resolve) => {
        this.#vanish = resolve;
      });
    };
    // Refused in a sandboxed frame, which has nobody to share with.
    parts.platform.locks.request(this.#lockOf(this.#id), live).catch(() => this.#isClosed || this.#lead());
  }

  want(wants: Wants): void {
    if (this.#isClosed) return;
    const isFirst = !this.#wants;
    this.#wants = wants;
    if (isFirst && queryOf(wants)) this.#sink.connection({ state: "connecting" });
    this.#send();
  }

  check(): void {
    if (this.#leading) this.#leading.check();
    else this.#ask(false);
  }

  hasten(): void {
    if (this.#leading) this.#leading.hasten();
    else this.#ask(true);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#post({ is: "leave" });
    this.#isClosed = true;
    this.#waiting.abort();
    this.#parts.clock.clearTimer(this.#timer);
    this.#leading?.close();
    this.#leading = undefined;
    this.#channel.close();
    this.#resign();
    this.#vanish();
    this.#sink.connection({ state: "closed" });
  }

  #lockOf = (tab: string) => `${this.#parts.name} ${tab}`;

  #post(message: Request | Notice): void {
    if (!this.#isClosed) this.#channel.postMessage({ ...message, from: this.#id });
  }

  #send(): void {
    if (!this.#wants) return;
    if (this.#leading) this.#leading.want(this.#id, this.#wants);
    else if (this.#isThere) this.#post({ is: "want", wants: this.#wants });
  }

  /** Wait to lead; `steal` takes the lock from who holds it. */
  #campaign(steal = false): void {
    this.#waiting.abort();
    this.#waiting = new AbortController();
    const options = steal ? { steal } : { signal: this.#waiting.signal };
    let leader: Leader | undefined;
    const hold = () => {
      if (this.#isClosed) return undefined;
      leader = this.#lead();
      return new Promise<void>((resolve) => {
        this.#resign = resolve;
      });
    };
    this.#parts.platform.locks
      .request(this.#lockOf("leader"), options, hold)
      // Stolen from us, or not waited for any longer.
      .catch(() => {})
      .then(() => leader && this.#stepDown(leader));
    this.#pulse();
  }

  #lead(): Leader {
    const { platform, clock, link } = this.#parts;
    const post = (notice: Notice) => this.#post(notice);
    const leader = new Leader(
      { id: this.#id, platform, clock, lockOf: this.#lockOf, post, link },
      this.#sink,
    );
    this.#leading = leader;
    this.#leader = this.#id;
    this.#send();
    return leader;
  }

  /** Another tab leads by now. We may lead again after it. */
  #stepDown(leader: Leader): void {
    if (this.#leading !== leader) return;
    // Whoever answers us first.
    this.#leading = this.#leader = undefined;
    leader.close();
    this.#heard = this.#parts.clock.now();
    this.#send();
    this.#campaign();
  }

  /** A leader that is silent is asked, and one that does not answer until the next time is taken for dead. */
  #pulse(): void {
    const { clock } = this.#parts;
    clock.clearTimer(this.#timer);
    this.#timer = clock.setTimer(
      () => {
        const isSilent = !this.#leading && this.#wants && clock.now() - this.#heard >= PULSE_MS;
        if (isSilent && this.#isAsked) {
          this.#isAsked = false;
          this.#campaign(true);
          return;
        }
        if (isSilent) {
          this.#isAsked = true;
          this.#ask(false);
        }
        this.#pulse();
      },
      PULSE_MS * (1 + 0.2 * clock.random()),
    );
  }

  #ask(hasten: boolean): void {
    this.#post({ is: "ask", hasten });
  }

  #receive(message: Message): void {
    switch (message.is) {
      case "want":
        this.#leading?.want(message.from, message.wants);
        break;
      case "leave":
        this.#leading?.leave(message.from);
        break;
      case "ask":
        this.#leading?.answer(message.from, message.hasten);
        break;
      default:
        if (!this.#leading) this.#follow(message);
    }
  }

  #follow(notice: Notice & { from: string }): void {
    if (notice.is === "lead" || this.#leader === undefined) this.#leader = notice.from;
    if (notice.from !== this.#leader) return;
    this.#isAsked = false;
    this.#heard = this.#parts.clock.now();
    if (notice.is === "lead") this.#send();
    else if (notice.is === "error") this.#sink.error(errorOf(notice.error));
    else if (notice.to !== undefined && notice.to !== this.#id) return;
    else if (notice.is === "connection") this.#sink.connection(connectionOf(notice.connection));
    else for (const [name, raw] of notice.events) this.#sink.event(name, JSON.parse(raw), raw);
  }
}
