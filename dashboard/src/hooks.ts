import { type RefObject, useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from "react";
import type { Connection, Feed, SymbolStatus, TapecastError } from "tapecast-client";
import { useClient } from "tapecast-client/react";

// One clock for all ages of the page.
let second = 0;
let timer: ReturnType<typeof setInterval> | undefined;
const waiting = new Set<() => void>();

function everySecond(listener: () => void): () => void {
  waiting.add(listener);
  timer ??= setInterval(() => {
    second += 1;
    for (const each of waiting) each();
  }, 1000);
  return () => {
    waiting.delete(listener);
    if (waiting.size) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** Renders once a second. */
export function useSecond(): number {
  return useSyncExternalStore(everySecond, () => second);
}

export interface Health {
  connection: Connection;
  error: TapecastError | undefined;
  /** What was last found to be wrong with the connection, until it is well: between two tries nobody knows better. */
  cause: TapecastError | undefined;
  feeds: readonly Feed[];
  states: ReadonlyMap<string, SymbolStatus>;
}

const NOTHING: Health = {
  connection: { state: "idle" },
  error: undefined,
  cause: undefined,
  feeds: [],
  states: new Map(),
};

/** All that is not a price: renders when a state changes, at most once in a tenth of a second. */
export function useHealth(): Health {
  const client = useClient();
  const [health, setHealth] = useState(NOTHING);
  const error = useRef<TapecastError>(undefined);
  const cause = useRef<TapecastError>(undefined);
  useEffect(() => {
    if (!client) return;
    let pending: ReturnType<typeof setTimeout> | undefined;
    const read = () => {
      pending = undefined;
      setHealth({
        connection: client.connection,
        error: error.current,
        cause: cause.current,
        feeds: [...client.feeds.values()],
        states: new Map(client.states),
      });
    };
    const soon = () => {
      pending ??= setTimeout(read, 100);
    };
    const stops = [
      client.on("symbol", soon),
      client.on("feed", soon),
      client.on("connection", ({ state, error: found }) => {
        cause.current = state === "reconnecting" ? (found ?? cause.current) : undefined;
        soon();
      }),
      client.on("hello", () => {
        error.current = undefined;
        soon();
      }),
      client.on("error", (found) => {
        error.current = found;
        soon();
      }),
    ];
    soon();
    return () => {
      clearTimeout(pending);
      for (const stop of stops) stop();
    };
  }, [client]);
  return health;
}

export interface Slice {
  from: number;
  to: number;
}

// Shorter lists are drawn whole: finding in the page and reading aloud then work without tricks.
const WHOLE = 60;
const MARGIN = 8;

export function sliceOf(count: number, top: number, height: number, row: number): Slice {
  if (count <= WHOLE) return { from: 0, to: count };
  const from = Math.min(Math.max(0, Math.floor(top / row) - MARGIN), count);
  return { from, to: Math.min(count, Math.ceil((top + height) / row) + MARGIN) };
}

/** Which rows of a long list are to be drawn: those that can be seen, and a few around them. */
export function useSlice(scroller: RefObject<HTMLElement | null>, count: number, row: number): Slice {
  const [slice, setSlice] = useState(() => sliceOf(count, 0, 800, row));
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const look = () => {
      const next = sliceOf(count, element.scrollTop, element.clientHeight, row);
      setSlice((now) => (now.from === next.from && now.to === next.to ? now : next));
    };
    look();
    const resized = new ResizeObserver(look);
    resized.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      resized.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, [scroller, count, row]);
  return slice;
}
