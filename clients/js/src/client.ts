import { ServerClock, systemClock, type Timer } from "./clock.js";
import type { Connection, Upstream, UpstreamSink } from "./connection.js";
import { Emitter } from "./emitter.js";
import type { TapecastError } from "./errors.js";
import type { ConnectOptions } from "./options.js";
import { Store, type WireEvent } from "./store.js";
import type {
  Feed,
  Hello,
  Order,
  Portfolio,
  Position,
  Positions,
  ServerStatus,
  SymbolStatus,
  Tick,
  WireEvents,
} from "./types.js";
import { type Open, upstreamOf } from "./upstream.js";
import { wakeWith } from "./wake.js";
import { symbolsOf, type Wants } from "./wants.js";

/** All events of the wire, and two of this client's own. */
export interface ClientEvents extends WireEvents {
  connection: Connection;
  error: TapecastError;
}

export type Subjects = Partial<Omit<Wants, "symbols">>;

// A first stream, or one that another tab takes over, is not worth showing as a loss before.
const GRACE_MS = 2_000;

const ACCOUNT = /^(position|portfolio|order)/;

/** Live events and what is known by now. Everything in the snapshots is replaced and never changed. */
export class TapecastClient<Events extends ClientEvents = ClientEvents> {
  readonly #clock;
  readonly #store: Store;
  readonly #emitter = new Emitter<ClientEvents>();
  readonly #symbols: Set<string>;
  readonly #upstream: Upstream;
  readonly #sleep: () => void;
  #subjects: Omit<Wants, "symbols">;
  #connection: Connection = { state: "idle" };
  #grace: Timer | undefined;

  constructor(options: ConnectOptions, open?: Open) {
    const { symbols = [], positions = false, status = false, interval } = options;
    this.#clock = options.clock ?? systemClock;
    this.#store = new Store(new ServerClock(this.#clock));
    this.#symbols = symbolsOf(symbols);
    this.#subjects = { positions, status, interval };
    for (const symbol of this.#symbols) this.#store.add(symbol);
    const sink: UpstreamSink = {
      event: (name, payload) => this.#hear([name, payload] as WireEvent),
      connection: (connection) => this.#connect(connection),
      error: (error) => this.#emitter.emit("error", error),
    };
    this.#upstream = (open ?? upstreamOf(options, this.#clock))(sink);
    this.#sleep = wakeWith(this.#upstream);
    this.#want();
  }

  /** Hear an event; the answer stops it. */
  on<Name extends keyof Events>(name: Name, listener: (payload: Events[Name]) => void): () => void {
    return this.#emitter.on(name as keyof ClientEvents, listener as never);
  }

  /** Also these symbols. What is known of the others stays. */
  add(...names: string[]): void {
    for (const symbol of symbolsOf(names)) {
      if (this.#symbols.has(symbol)) continue;
      this.#symbols.add(symbol);
      this.#emit(["symbol", this.#store.add(symbol)]);
    }
    this.#want();
  }

  /** These no more: they are forgotten at once. */
  remove(...names: string[]): void {
    for (const symbol of symbolsOf(names)) this.#symbols.delete(symbol);
    this.#want();
  }

  /** Want other subjects beside the symbols from now on. */
  set(subjects: Subjects): void {
    this.#subjects = { ...this.#subjects, ...subjects };
    this.#want();
  }

  /** The end. What was known can still be read, as stale. */
  close(): void {
    this.#sleep();
    this.#upstream.close();
  }

  get symbols(): ReadonlySet<string> {
    return this.#symbols;
  }

  /** The newest image of each symbol, of those too that are not live: see `states`. */
  get ticks(): ReadonlyMap<string, Tick> {
    return this.#store.ticks;
  }

  /** What may be believed of each symbol. */
  get states(): ReadonlyMap<string, SymbolStatus> {
    return this.#store.states;
  }

  /** By market. */
  get feeds(): ReadonlyMap<string, Feed> {
    return this.#store.feeds;
  }

  /** By symbol. Empty too before the first list: see `account`. */
  get positions(): ReadonlyMap<string, Position> {
    return this.#store.positions;
  }

  /** Whose positions, and as of when; undefined until they are known. */
  get account(): Omit<Positions, "positions"> | undefined {
    return this.#store.account;
  }

  get portfolio(): Portfolio | undefined {
    return this.#store.portfolio;
  }

  /** Newest first; undefined until they are known. */
  get orders(): readonly Order[] | undefined {
    return this.#store.orders;
  }

  get status(): ServerStatus | undefined {
    return this.#store.status;
  }

  get hello(): Hello | undefined {
    return this.#store.hello;
  }

  get connection(): Connection {
    return this.#connection;
  }

  /** The server's clock, milliseconds since the epoch. */
  serverNow(): number {
    return this.#store.clock.now();
  }

  /** How long ago the newest trade of a symbol was, by the server's clock. */
  ageMs(symbol: string): number | undefined {
    const tick = this.#store.ticks.get(symbol);
    const born = Date.parse(tick?.timestamp ?? "") || (tick?.ts_recv ?? 0) / 1000;
    return born ? Math.max(0, this.serverNow() - born) : undefined;
  }

  #want(): void {
    const wants = { symbols: [...this.#symbols], ...this.#subjects };
    this.#store.keep(wants);
    this.#upstream.want(wants);
  }

  #hear(event: WireEvent): void {
    if (this.#isWanted(event) && this.#store.apply(event)) this.#emit(event);
  }

  /** What other tabs want comes along on a stream that is shared; what was just given up may still be on its way. */
  #isWanted([name, payload]: WireEvent): boolean {
    if (name === "tick" || name === "symbol") return this.#symbols.has(payload.symbol);
    if (name === "status") return this.#subjects.status;
    const isOfAccount = name === "feed" ? payload.market === "account" : ACCOUNT.test(name);
    return this.#subjects.positions || !isOfAccount;
  }

  #emit([name, payload]: WireEvent | ["symbol", SymbolStatus | undefined]): void {
    if (payload) this.#emitter.emit(name, payload);
  }

  #connect(connection: Connection): void {
    const { state, reason, retryAt } = this.#connection;
    const isNews =
      connection.state !== state || connection.reason !== reason || connection.retryAt !== retryAt;
    if (!isNews) return;
    this.#connection = connection;
    this.#clock.clearTimer(this.#grace);
    // Before the event: who hears of the loss finds nothing that still reads as live.
    if (connection.state === "connecting") this.#grace = this.#clock.setTimer(() => this.#lose(), GRACE_MS);
    else if (connection.state !== "open") this.#lose();
    this.#emitter.emit("connection", connection);
  }

  #lose(): void {
    for (const event of this.#store.lose()) this.#emit(event);
  }
}
