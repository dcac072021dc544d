import type { Clock, Timer } from "../src/clock.js";
import type { Sink, Transport } from "../src/transport.js";
import type { Hello, Tick } from "../src/types.js";

/** How long what is waited for may take on a busy machine. */
export const PATIENCE_MS = 30_000;

const START = Date.parse("2026-01-05T15:00:00Z");

/** A clock that stands until it is told. Chance is always in the middle. */
export class TestClock implements Clock {
  wall = START;
  #mono = 0;
  #count = 0;
  readonly #timers = new Map<number, { at: number; act: () => void }>();

  now(): number {
    return this.wall;
  }

  random(): number {
    return 0.5;
  }

  setTimer(act: () => void, ms: number): Timer {
    this.#timers.set(++this.#count, { at: this.#mono + ms, act });
    return this.#count as unknown as Timer;
  }

  clearTimer(timer: Timer | undefined): void {
    this.#timers.delete(timer as unknown as number);
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** The machine sleeps: the wall clock goes on, timers do not. */
  sleep(ms: number): void {
    this.wall += ms;
  }

  /** Let time pass and run what is due, in order, with promises in between. */
  async pass(ms: number): Promise<void> {
    const end = this.#mono + ms;
    await settle();
    for (;;) {
      const [id, next] = [...this.#timers].sort(([, a], [, b]) => a.at - b.at)[0] ?? [];
      if (id === undefined || !next || next.at > end) break;
      this.#timers.delete(id);
      this.#move(next.at);
      next.act();
      await settle();
    }
    this.#move(end);
  }

  #move(to: number): void {
    this.wall += Math.max(0, to - this.#mono);
    this.#mono = Math.max(to, this.#mono);
  }
}

/** Let promises that are done go on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn += 1) await Promise.resolve();
}

/** A stream as a test plays it. */
export class FakeStream {
  isClosed = false;

  constructor(
    readonly url: string,
    readonly sink: Sink,
    private readonly clock: Clock,
  ) {}

  /** The query as pairs. */
  get query(): Record<string, string> {
    return Object.fromEntries(new URL(this.url, "http://test").searchParams);
  }

  say(name: string, payload: unknown): void {
    this.sink.event(name, JSON.stringify(payload));
  }

  hello(more: Partial<Hello> = {}): void {
    this.say("hello", {
      server_time: this.clock.now() * 1000,
      interval: 0,
      version: "1",
      feeds: [],
      ...more,
    });
  }

  heartbeat(): void {
    this.say("heartbeat", { server_time: this.clock.now() * 1000 });
  }

  tick(symbol: string, price: number, seq: number, more: Partial<Tick> = {}): void {
    this.say("message", { symbol, price, feed: "test", epoch: 1, seq, ...more });
  }

  live(symbol: string, price: number, seq: number): void {
    this.say("symbol", { symbol, state: "live" });
    this.tick(symbol, price, seq);
  }

  bye(code: string): void {
    this.say("bye", { code, message: `the server says ${code}` });
  }
}

/** All streams that were opened, the newest last. */
export class FakeTransport implements Transport {
  readonly streams: FakeStream[] = [];

  constructor(private readonly clock: Clock) {}

  open(url: string, sink: Sink): { close(): void } {
    const stream = new FakeStream(url, sink, this.clock);
    this.streams.push(stream);
    return {
      close: () => {
        stream.isClosed = true;
      },
    };
  }

  get last(): FakeStream {
    const stream = this.streams.at(-1);
    if (!stream) throw new Error("no stream was opened");
    return stream;
  }

  get running(): FakeStream[] {
    return this.streams.filter((stream) => !stream.isClosed);
  }
}
