// What is known, and the rules of what replaces what. No I/O: events in, snapshots out.

import type { ServerClock } from "./clock.js";
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
  WireName,
} from "./types.js";
import type { Wants } from "./wants.js";

export const LOST = "connection_lost";

// The server keeps fifty.
const ORDERS = 100;

export type WireEvent = { [Name in WireName]: [name: Name, payload: WireEvents[Name]] }[WireName];

type Ordered = Pick<Tick, "epoch" | "seq">;

export class Store {
  readonly ticks = new Map<string, Tick>();
  readonly states = new Map<string, SymbolStatus>();
  /** By market. */
  readonly feeds = new Map<string, Feed>();
  readonly positions = new Map<string, Position>();
  /** What `positions` said beside the list; undefined before the first. */
  account: Omit<Positions, "positions"> | undefined;
  portfolio: Portfolio | undefined;
  /** Newest first. Replaced and never changed, as is everything else in here. */
  orders: readonly Order[] | undefined;
  status: ServerStatus | undefined;
  hello: Hello | undefined;
  // Whose first image of this stream is here: from then on only newer ticks count.
  readonly #imaged = new Set<string>();

  constructor(readonly clock: ServerClock) {}

  /** Take an event of a symbol that is wanted. False if it says nothing new: then nobody need hear of it. */
  apply([name, payload]: WireEvent): boolean {
    switch (name) {
      case "tick":
        return this.#tick(payload);
      case "symbol":
        // Never was a trade: the price that is shown is wrong.
        if (payload.reason === "cancelled") this.ticks.delete(payload.symbol);
        return replace(this.states, payload.symbol, payload);
      case "feed":
        return replace(this.feeds, payload.market, payload);
      case "hello":
        this.hello = payload;
        this.#imaged.clear();
        // A server that was started anew may have others. Those that it has it tells now.
        for (const [market, { reason }] of this.feeds) if (reason === LOST) this.feeds.delete(market);
        this.clock.reset();
        this.clock.hear(payload.server_time);
        break;
      case "heartbeat":
        this.clock.hear(payload.server_time);
        break;
      case "positions": {
        const { positions, ...account } = payload;
        this.account = account;
        this.positions.clear();
        for (const position of positions) this.positions.set(position.symbol, position);
        break;
      }
      case "position":
        if (payload.qty === 0) this.positions.delete(payload.symbol);
        else this.positions.set(payload.symbol, payload);
        break;
      case "portfolio":
        this.portfolio = payload;
        break;
      case "orders":
        this.orders = payload.orders;
        break;
      case "order":
        this.#order(payload.order);
        break;
      case "status":
        this.status = payload;
    }
    return true;
  }

  /** Whoever is added has a state from the first moment on. */
  add(symbol: string): SymbolStatus | undefined {
    if (this.states.has(symbol)) return undefined;
    const status: SymbolStatus = { symbol, state: "pending" };
    this.states.set(symbol, status);
    return status;
  }

  /** Forget what is wanted no more: it would be shown as new later. */
  keep({ symbols, positions, status }: Wants): void {
    const wanted = new Set(symbols);
    for (const symbol of this.states.keys()) {
      if (wanted.has(symbol)) continue;
      this.ticks.delete(symbol);
      this.states.delete(symbol);
      this.#imaged.delete(symbol);
    }
    if (!positions) {
      this.positions.clear();
      this.account = this.portfolio = this.orders = undefined;
      this.feeds.delete("account");
    }
    if (!status) this.status = undefined;
  }

  /** Nothing is heard any more: prices stay, and nothing may be believed. Answers with what changed. */
  lose(): WireEvent[] {
    const changed: WireEvent[] = [];
    const put = (event: WireEvent) => this.apply(event) && changed.push(event);
    for (const { symbol, state } of [...this.states.values()]) {
      // A refusal is no price, and what has no price cannot be old.
      if (state === "refused") continue;
      put(["symbol", { symbol, state: state === "pending" ? state : "stale", reason: LOST }]);
    }
    for (const feed of [...this.feeds.values()]) {
      if (feed.reason !== LOST) put(["feed", { ...feed, state: "reconnecting", reason: LOST }]);
    }
    for (const position of [...this.positions.values()])
      if (/^(live|closed)/.test(position.state ?? ""))
        put(["position", { ...position, state: "stale", reason: LOST }]);
    return changed;
  }

  /** All that is known, as a new stream would tell it now. Nothing before the first `hello`. */
  image(): WireEvent[] {
    if (!this.hello) return [];
    const events: WireEvent[] = [
      ["hello", { ...this.hello, server_time: Math.round(1000 * this.clock.now()) }],
    ];
    const push = (name: WireName, payload: unknown) => payload && events.push([name, payload] as WireEvent);
    for (const feed of this.feeds.values()) push("feed", feed);
    for (const status of this.states.values()) push("symbol", status);
    for (const tick of this.ticks.values()) push("tick", tick);
    push("positions", this.account && { ...this.account, positions: [...this.positions.values()] });
    push("portfolio", this.portfolio);
    push("orders", this.orders && { orders: this.orders });
    push("status", this.status);
    return events;
  }

  #tick(tick: Tick): boolean {
    const held = this.ticks.get(tick.symbol);
    if (held && this.#imaged.has(tick.symbol) && !isNewer(tick, held)) return false;
    this.#imaged.add(tick.symbol);
    // A new stream repeats what is known.
    if (held && held.epoch === tick.epoch && held.seq === tick.seq) return false;
    this.ticks.set(tick.symbol, tick);
    return true;
  }

  #order(order: Order): void {
    const known = this.orders ?? [];
    const held = known.find(({ id }) => id === order.id);
    // What was read anew may have been ahead of the events that are still on their way.
    if (held && momentOf(held) > momentOf(order)) return;
    this.orders = held
      ? known.map((each) => (each === held ? order : each))
      : [order, ...known].slice(0, ORDERS);
  }
}

/** When an order was last changed. NaN, where nothing tells, is neither more nor less than anything. */
function momentOf({ updated_at }: Order): number {
  return Date.parse(updated_at ?? "");
}

/** The order of all words on one thing, of all writers. */
export function isNewer(word: Ordered, held: Ordered): boolean {
  return word.epoch > held.epoch || (word.epoch === held.epoch && word.seq > held.seq);
}

function replace<Value>(map: Map<string, Value>, key: string, value: Value): boolean {
  // Every reconnect tells all states again.
  if (JSON.stringify(map.get(key)) === JSON.stringify(value)) return false;
  map.set(key, value);
  return true;
}
