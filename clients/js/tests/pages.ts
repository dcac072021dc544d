// Tabs of one origin, on a clock and a transport that a test plays.

import { type Clock, ServerClock } from "../src/clock.js";
import type { Connection } from "../src/connection.js";
import type { TapecastError } from "../src/errors.js";
import { Link } from "../src/link.js";
import type { Platform } from "../src/shared/channel.js";
import { Tab } from "../src/shared/tab.js";
import { Store, type WireEvent } from "../src/store.js";
import { Tickets } from "../src/tickets.js";
import { queryOf, type Wants } from "../src/wants.js";
import { FakeTransport, settle, TestClock } from "./fakes.js";
import { World } from "./world.js";

export let clock: TestClock;
export let transport: FakeTransport;
export let world: World;

/** Before each test. */
export function setUp(): void {
  clock = new TestClock();
  transport = new FakeTransport(clock);
  world = new World();
}

/** A tab as a page has it: what it hears goes into a store. */
export class Page {
  readonly platform: Platform = world.platform();
  readonly store = new Store(new ServerClock(clock));
  readonly connections: Connection[] = [];
  readonly errors: TapecastError[] = [];
  readonly tab: Tab;
  /** Its timers do not run. */
  isThrottled = false;

  constructor(...symbols: string[]) {
    const own: Clock = {
      now: () => clock.now(),
      random: () => clock.random(),
      setTimer: (act, ms) => clock.setTimer(() => this.isThrottled || act(), ms),
      clearTimer: (timer) => clock.clearTimer(timer),
    };
    const tickets = new Tickets(undefined, own);
    const parts = { base: "http://test/stream", transport, tickets, clock: own, query: queryOf };
    this.tab = new Tab(
      { name: "test", platform: this.platform, clock: own, link: (sink) => new Link(parts, sink) },
      {
        event: (name, payload) => this.store.apply([name, payload] as WireEvent),
        connection: (connection) => this.connections.push(connection),
        error: (error) => this.errors.push(error),
      },
    );
    this.want({ symbols });
  }

  want(wants: Partial<Wants>): void {
    this.tab.want({ symbols: [], positions: false, status: false, interval: undefined, ...wants });
  }

  price(symbol: string): number | undefined {
    return this.store.ticks.get(symbol)?.price;
  }

  get state(): string | undefined {
    return this.connections.at(-1)?.state;
  }
}

export async function pages(...lists: string[][]): Promise<Page[]> {
  const opened: Page[] = [];
  for (const symbols of lists) {
    opened.push(new Page(...symbols));
    await settle();
  }
  await clock.pass(100);
  return opened;
}

/** The server answers the newest stream as it would. */
export function serve(price: number, seq: number): void {
  transport.last.hello();
  for (const symbol of transport.last.query.prices?.split(",") ?? []) transport.last.live(symbol, price, seq);
}
