// Between a client and components: who shows what, and what changed since the last frame.

import { TapecastClient } from "../client.js";
import { systemClock } from "../clock.js";
import type { TapecastError } from "../errors.js";
import type { ConnectOptions } from "../options.js";
import type { Order } from "../types.js";
import { symbolsOf } from "../wants.js";
import { Frames } from "./frames.js";
import { Refusals } from "./refusals.js";
import type { Account, BoardOptions, Interest, Price, StreamStatus } from "./views.js";

// Keys of what is no symbol. No symbol has small letters.
export const ACCOUNT = "account";
export const ORDERS = "orders";
export const STATUS = "status";

/** Which snapshot an event changes. */
const KEYS = {
  positions: ACCOUNT,
  position: ACCOUNT,
  portfolio: ACCOUNT,
  orders: ORDERS,
  order: ORDERS,
  feed: STATUS,
  status: STATUS,
  connection: STATUS,
};

export const NO_ACCOUNT: Account = { loaded: false, positions: [], portfolio: undefined, error: undefined };
export const NO_STATUS: StreamStatus = {
  connection: { state: "idle" },
  connected: false,
  error: undefined,
  feeds: [],
  hello: undefined,
  status: undefined,
};

export class Board {
  /** The newest function wins: a page makes a new one at each render. */
  ticket: ConnectOptions["ticket"];
  client: TapecastClient | undefined;
  account: Account = NO_ACCOUNT;
  orders: readonly Order[] | undefined;
  status: StreamStatus = NO_STATUS;
  readonly frames = new Frames((key) => this.#refresh(key));
  readonly #options: BoardOptions;
  readonly #prices = new Map<string, Price>();
  // How many components want a symbol, or one of the keys above.
  readonly #wanted = new Map<string, number>();
  readonly #refusals: Refusals;
  #error: TapecastError | undefined;
  #users = 0;
  #isUpdatePending = false;

  constructor(options: BoardOptions) {
    this.#options = options;
    this.ticket = options.ticket;
    this.#refusals = new Refusals(options.clock ?? systemClock, () => this.#updateLater());
  }

  /** Open the stream for as long as somebody uses it; the answer ends this use. */
  start(): () => void {
    this.#users += 1;
    this.#updateLater();
    return () => {
      this.#users -= 1;
      this.#updateLater();
    };
  }

  /** Say what a component shows; the answer takes it back. */
  watch({ symbols = [], positions, status }: Interest): () => void {
    const keys = [...symbolsOf(symbols), ...(positions ? [ACCOUNT] : []), ...(status ? [STATUS] : [])];
    for (const key of keys) this.#count(key, 1);
    return () => {
      for (const key of keys) this.#count(key, -1);
    };
  }

  /** The same object until the symbol changes. */
  price(symbol: string): Price {
    const known = this.#prices.get(symbol);
    if (known) return known;
    const price: Price = { symbol, state: "pending" };
    this.#prices.set(symbol, price);
    return price;
  }

  #count(key: string, by: number): void {
    const count = (this.#wanted.get(key) ?? 0) + by;
    if (count) this.#wanted.set(key, count);
    else this.#wanted.delete(key);
    this.#updateLater();
  }

  /** After all components of this turn had their say: one that is shown anew first takes back what it said. */
  #updateLater(): void {
    if (this.#isUpdatePending) return;
    this.#isUpdatePending = true;
    queueMicrotask(() => {
      this.#isUpdatePending = false;
      this.#update();
    });
  }

  #update(): void {
    if (!this.#users) {
      this.client?.close();
      this.client = undefined;
      this.#refusals.clear();
      // Who comes later must not be shown this as live.
      this.#prices.clear();
      this.account = NO_ACCOUNT;
      this.orders = undefined;
      this.status = NO_STATUS;
      return;
    }
    const symbols = new Set(this.#wanted.keys());
    const positions = symbols.delete(ACCOUNT) && !this.#refusals.errorOf(ACCOUNT);
    const status = symbols.delete(STATUS) && !this.#refusals.errorOf(STATUS);
    for (const symbol of this.#prices.keys()) {
      if (!symbols.has(symbol) && !this.frames.has(symbol)) this.#prices.delete(symbol);
    }
    const { client } = this;
    if (!client) {
      this.#open({ symbols, positions, status });
      return;
    }
    client.remove(...[...client.symbols].filter((symbol) => !symbols.has(symbol)));
    client.add(...symbols);
    client.set({ positions, status });
    if (!positions) this.frames.mark(ACCOUNT, ORDERS);
    if (!status) this.frames.mark(STATUS);
  }

  /** What every stream of it is opened with. */
  options(): BoardOptions {
    const { ticket } = this;
    const newest =
      typeof ticket !== "function"
        ? ticket
        : () => (typeof this.ticket === "function" ? this.ticket : ticket)();
    return { ...this.#options, ticket: newest };
  }

  #open(wants: ConnectOptions): void {
    const client = new TapecastClient({ ...this.options(), ...wants });
    this.client = client;
    client.on("tick", ({ symbol }) => this.frames.mark(symbol));
    client.on("symbol", ({ symbol }) => this.frames.mark(symbol));
    for (const [name, key] of Object.entries(KEYS)) {
      client.on(name as keyof typeof KEYS, () => this.frames.mark(key));
    }
    client.on("hello", () => {
      this.#error = undefined;
      this.frames.mark(STATUS);
    });
    client.on("error", (error) => {
      this.#error = error;
      const extras = [ACCOUNT, STATUS].filter((key) => this.#wanted.has(key));
      if (this.#refusals.take(error, extras)) this.#updateLater();
      this.frames.mark(STATUS);
    });
    this.frames.mark(STATUS);
  }

  #refresh(key: string): void {
    const { client } = this;
    if (!client) return;
    if (key === ACCOUNT) {
      const positions = [...client.positions.values()];
      const { account, portfolio } = client;
      const error = account ? undefined : this.#refusals.errorOf(ACCOUNT);
      this.account = { ...account, loaded: !!account, positions, portfolio, error };
    } else if (key === ORDERS) {
      this.orders = client.orders;
    } else if (key === STATUS) {
      const { connection, hello, status } = client;
      const error = this.#error;
      const connected = connection.state === "open";
      this.status = { connection, connected, error, feeds: [...client.feeds.values()], hello, status };
    } else {
      const status = client.states.get(key);
      if (status) this.#prices.set(key, { ...client.ticks.get(key), ...status });
    }
  }
}
