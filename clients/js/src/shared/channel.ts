// What the tabs of an origin say to each other. One of them leads: it holds the lock and the stream.

import type { Connection } from "../connection.js";
import { TapecastError } from "../errors.js";
import type { WireName } from "../types.js";
import type { Wants } from "../wants.js";

/** An event and its JSON as it came: cheaper to copy to other tabs than an object. */
export type RawEvent = [name: WireName, raw: string];

/** An error as it can be copied: of an Error only the message would arrive. */
export type PlainError = Pick<TapecastError, "code" | "message" | "status" | "lasting" | "retryAfterMs">;
export type PlainConnection = Omit<Connection, "error"> & { error: PlainError | undefined };

/** To whoever leads. */
export type Request =
  | { is: "want"; wants: Wants }
  | { is: "leave" }
  /** Are you there? Then look at the clock: the timers of a tab in the background run late. */
  | { is: "ask"; hasten: boolean };

/** From whoever leads; `to` is one tab, else it is for all. */
export type Notice =
  /** I lead from now on: tell me what you want. */
  | { is: "lead" }
  | { is: "connection"; connection: PlainConnection; to?: string | undefined }
  | { is: "error"; error: PlainError }
  | { is: "events"; events: RawEvent[]; to?: string };

export type Message = (Request | Notice) & { from: string };

/** The part of BroadcastChannel that is used. */
export interface Channel {
  onmessage: ((event: { data: Message }) => void) | null;
  postMessage(message: Message): void;
  close(): void;
}

/** What sharing needs of the platform. */
export interface Platform {
  locks: Pick<LockManager, "request">;
  channel(name: string): Channel;
  /** Later, in a turn of its own, also in a tab whose timers are throttled. The answer calls it. */
  later(act: () => void): () => void;
}

/** The browser's, where it has all of it. Locks are there in secure contexts only: https and localhost. */
export function browserPlatform(): Platform | undefined {
  // Every browser that has locks has channels.
  if (typeof document === "undefined" || !globalThis.navigator?.locks) return undefined;
  return {
    locks: navigator.locks,
    channel: (name) => new BroadcastChannel(name) as Channel,
    later(act) {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = act;
      return () => port2.postMessage(0);
    },
  };
}

export function plainError(error: TapecastError): PlainError {
  return { ...error, message: error.message };
}

export function errorOf(plain: PlainError): TapecastError {
  return new TapecastError(plain.code, plain.message, plain);
}

export function plainConnection(connection: Connection): PlainConnection {
  return { ...connection, error: connection.error && plainError(connection.error) };
}

export function connectionOf(connection: PlainConnection): Connection {
  return { ...connection, error: connection.error && errorOf(connection.error) };
}
