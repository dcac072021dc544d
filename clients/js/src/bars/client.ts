import { type ClientEvents, TapecastClient } from "../client.js";
import { type Clock, systemClock, type Timer } from "../clock.js";
import type { Connection } from "../connection.js";
import { Emitter } from "../emitter.js";
import type { ConnectOptions } from "../options.js";
import type { Feed, Hello, SymbolStatus } from "../types.js";
import { linkOf } from "../upstream.js";
import { symbolsOf } from "../wants.js";
import { Series } from "./series.js";
import type { Bar, BarHistory, BarInterval, BarsEvents, BarsImage, BarUpdate } from "./types.js";

export interface BarsOptions
  extends Pick<ConnectOptions, "url" | "symbols" | "ticket" | "transport" | "clock"> {
  /** One more symbol, for those who want but one. */
  symbol?: string | undefined;
  /** The length of a bar. Default: `1m`. */
  interval?: BarInterval | undefined;
  /** How many bars of before, at most. Default: the server's, 300. */
  limit?: number | undefined;
  /** The least milliseconds between two words on a bar that is forming. */
  pace?: number | undefined;
  /** Have no stream while the page is not looked at. */
  restHidden?: boolean | undefined;
}

export interface BarsSubjects {
  symbols?: Iterable<string> | undefined;
  interval?: BarInterval | undefined;
  limit?: number | undefined;
}

/** What is known of a symbol's bars. */
export interface KnownBars {
  /** Undefined until they are known. */
  history: BarHistory | undefined;
  /** Oldest first, the last one perhaps forming. The same array until one of them changes. */
  bars: readonly Bar[];
}

/** Its own events of bars, and those of every stream. */
export type BarsClientEvents = BarsEvents &
  Pick<ClientEvents, "connection" | "error" | "symbol" | "feed" | "hello" | "heartbeat" | "bye">;

const DEFAULT_LIMIT = 300;
// Who looks away for a moment need not load all bars again.
const REST_MS = 5_000;
const NONE: KnownBars = { history: undefined, bars: [] };

/** Bars of some symbols, all of one length, on a stream of their own. */
export class BarsClient {
  readonly #clock: Clock;
  readonly #client: TapecastClient<ClientEvents & BarsEvents>;
  readonly #emitter = new Emitter<BarsEvents>();
  readonly #series = new Map<string, Series>();
  readonly #gone = new AbortController();
  #interval: BarInterval;
  #limit: number | undefined;
  #isResting = false;
  #timer: Timer | undefined;

  constructor({ symbol, symbols = [], interval = "1m", limit, pace, restHidden, ...options }: BarsOptions) {
    this.#clock = options.clock ?? systemClock;
    this.#interval = interval;
    this.#limit = limit;
    this.#rest(restHidden);
    const link = linkOf(options, this.#clock, "/stream/bars", (wants) => this.#queryOf(wants.symbols, pace));
    const all = symbol === undefined ? symbols : [...symbols, symbol];
    this.#client = new TapecastClient<ClientEvents & BarsEvents>({ ...options, symbols: all }, link);
    this.#client.on("bars", (image) => this.#replace(image));
    this.#client.on("bar", (update) => this.#put(update));
  }

  /** Hear an event; the answer stops it. */
  on<Name extends keyof BarsClientEvents>(
    name: Name,
    listener: (payload: BarsClientEvents[Name]) => void,
  ): () => void {
    if (name === "bars" || name === "bar") return this.#emitter.on(name as "bars", listener as never);
    return this.#client.on(name as "hello", listener as never);
  }

  /** Want other bars from now on. What is known of the symbols that stay stands, unless they are of another length. */
  set({ symbols, interval = this.#interval, limit = this.#limit }: BarsSubjects): void {
    if (interval !== this.#interval) this.#series.clear();
    this.#interval = interval;
    this.#limit = limit;
    const wanted = symbols && symbolsOf(symbols);
    for (const symbol of wanted ? [...this.symbols] : []) {
      if (wanted?.has(symbol)) continue;
      this.#series.delete(symbol);
      this.#client.remove(symbol);
    }
    this.#client.add(...(wanted ?? []));
  }

  /** What is known of a symbol. */
  of(symbol: string): KnownBars {
    return this.#series.get(symbol.trim().toUpperCase()) ?? NONE;
  }

  /** The end. What was known can still be read. */
  close(): void {
    this.#gone.abort();
    this.#clock.clearTimer(this.#timer);
    this.#client.close();
  }

  get symbols(): ReadonlySet<string> {
    return this.#client.symbols;
  }

  get interval(): BarInterval {
    return this.#interval;
  }

  /** What may be believed of each symbol. */
  get states(): ReadonlyMap<string, SymbolStatus> {
    return this.#client.states;
  }

  /** By market. */
  get feeds(): ReadonlyMap<string, Feed> {
    return this.#client.feeds;
  }

  /** `bars.limit` is how many bars of before were granted. */
  get hello(): Hello | undefined {
    return this.#client.hello;
  }

  get connection(): Connection {
    return this.#client.connection;
  }

  #queryOf(symbols: readonly string[], pace: number | undefined): string {
    if (this.#isResting || !symbols.length) return "";
    const limit = this.#limit === undefined ? "" : `&limit=${this.#limit}`;
    const names = [...symbols].sort().map(encodeURIComponent).join(",");
    return `symbols=${names}&interval=${this.#interval}${limit}${pace === undefined ? "" : `&interval_ms=${pace}`}`;
  }

  /** A stream of before the last `set` may still be heard. */
  #isWanted({ symbol, interval }: BarsImage | BarUpdate): boolean {
    return interval === this.#interval && this.symbols.has(symbol);
  }

  #replace(image: BarsImage): void {
    if (!this.#isWanted(image)) return;
    const { symbol, bars, history } = image;
    const series = this.#series.get(symbol) ?? new Series();
    this.#series.set(symbol, series);
    series.replace(bars, history);
    this.#emitter.emit("bars", image);
  }

  #put(update: BarUpdate): void {
    const { symbol, interval, ...bar } = update;
    // One that comes before the first image is in it.
    if (!this.#isWanted(update)) return;
    const asked = this.hello?.bars?.limit ?? this.#limit ?? DEFAULT_LIMIT;
    if (this.#series.get(symbol)?.put(bar, asked)) this.#emitter.emit("bar", update);
  }

  #rest(restHidden = false): void {
    if (!restHidden || typeof document === "undefined") return;
    this.#isResting = document.hidden;
    const look = () => {
      this.#clock.clearTimer(this.#timer);
      const act = () => {
        this.#isResting = document.hidden;
        this.#client.add();
      };
      if (document.hidden) this.#timer = this.#clock.setTimer(act, REST_MS);
      else act();
    };
    document.addEventListener("visibilitychange", look, { signal: this.#gone.signal });
  }
}
