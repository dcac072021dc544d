// What the hooks give.

import type { Connection } from "../connection.js";
import type { TapecastError } from "../errors.js";
import type { ConnectOptions } from "../options.js";
import type {
  Feed,
  Hello,
  Portfolio,
  Position,
  Positions,
  ServerStatus,
  SymbolStatus,
  Tick,
} from "../types.js";

/** What is wanted is said by the components that show it. */
export type BoardOptions = Omit<ConnectOptions, "symbols" | "positions" | "status">;

/** The newest image of a symbol with its state. Without a price while it has none: `state` says why. */
export type Price = SymbolStatus & Partial<Omit<Tick, "symbol">>;

export interface Account extends Omit<Positions, "positions"> {
  /** Whether the list is known: before, it is empty as well. */
  loaded: boolean;
  positions: readonly Position[];
  portfolio: Portfolio | undefined;
  /** The server shows us no account. It is asked again once a minute. */
  error: TapecastError | undefined;
}

export interface StreamStatus {
  connection: Connection;
  connected: boolean;
  /** The last thing that went wrong, until the next `hello`. */
  error: TapecastError | undefined;
  feeds: readonly Feed[];
  hello: Hello | undefined;
  /** Of the whole server, where it is asked for. */
  status: ServerStatus | undefined;
}

export interface Interest {
  symbols?: Iterable<string>;
  positions?: boolean;
  status?: boolean;
}
