"use client";

import { useCallback, useEffect, useMemo, useSyncExternalStore } from "react";
import type { TapecastClient } from "../client.js";
import type { TapecastError } from "../errors.js";
import type { Order } from "../types.js";
import { symbolsOf } from "../wants.js";
import { ACCOUNT, type Board, NO_ACCOUNT, NO_STATUS, ORDERS, STATUS } from "./board.js";
import { useBoard } from "./provider.js";
import type { Account, BoardOptions, Price, StreamStatus } from "./views.js";

export interface MarketStream {
  /** By symbol, upper-cased. An entry is the same object until that symbol changes. */
  prices: Readonly<Record<string, Price>>;
  connected: boolean;
  error: TapecastError | undefined;
}

/** Live prices of some symbols. Renders at most once a frame, and only when one of them changed. */
export function useMarketStream(symbols: Iterable<string>, options?: BoardOptions): MarketStream {
  useSymbols(symbols, options);
  const board = useBoard(options);
  const key = [...symbolsOf(symbols)].join();
  const market = useMemo(() => marketOf(board, key), [board, key]);
  return useSyncExternalStore(market.subscribe, market.get, market.getFirst);
}

/** Stream these symbols, and render nothing for it: for who reads them by `useClient`, or shows them later. */
export function useSymbols(symbols: Iterable<string>, options?: BoardOptions): void {
  const board = useBoard(options);
  const key = [...symbolsOf(symbols)].join();
  useEffect(() => board.watch({ symbols: key.split(",") }), [board, key]);
}

/** The live price of one symbol. Renders only when it changed. */
export function usePrice(symbol: string, options?: BoardOptions): Price {
  const board = useBoard(options);
  const [key = ""] = symbolsOf([symbol]);
  useEffect(() => board.watch({ symbols: [key] }), [board, key]);
  const first = useMemo((): Price => ({ symbol: key, state: "pending" }), [key]);
  return useKey(board, key, () => board.price(key), first);
}

/** The account's positions and totals. Needs the right to them: without it the whole stream is refused. */
export function usePositions(options?: BoardOptions): Account {
  const board = useBoard(options);
  useEffect(() => board.watch({ positions: true }), [board]);
  return useKey(board, ACCOUNT, () => board.account, NO_ACCOUNT);
}

/** The recent orders, newest first; undefined until they are known. Comes with the positions, and needs their right. */
export function useOrders(options?: BoardOptions): readonly Order[] | undefined {
  const board = useBoard(options);
  useEffect(() => board.watch({ positions: true }), [board]);
  return useKey(board, ORDERS, () => board.orders, undefined);
}

/** How the stream is. With `server`, the status of the whole server as well, which needs the right to it. */
export function useStreamStatus({
  server = false,
  ...options
}: BoardOptions & { server?: boolean } = {}): StreamStatus {
  const board = useBoard(Object.keys(options).length ? options : undefined);
  useEffect(() => board.watch({ status: server }), [board, server]);
  return useKey(board, STATUS, () => board.status, NO_STATUS);
}

/** The client, for events and for `ageMs`; undefined while nothing is open. */
export function useClient(options?: BoardOptions): TapecastClient | undefined {
  const board = useBoard(options);
  return useKey(board, STATUS, () => board.client, undefined);
}

/** `first` is what a server renders, and a browser before its first frame: they must be the same. */
function useKey<Value>(board: Board, key: string, get: () => Value, first: Value): Value {
  const subscribe = useCallback(
    (listener: () => void) => board.frames.subscribe([key], listener),
    [board, key],
  );
  return useSyncExternalStore(subscribe, get, () => first);
}

/** A view of some symbols whose snapshot is a new object only when one of them changed. */
function marketOf(board: Board, key: string) {
  const symbols = key ? key.split(",") : [];
  const viewOf = (priceOf: (symbol: string) => Price, { connected, error }: StreamStatus): MarketStream => ({
    prices: Object.fromEntries(symbols.map((symbol) => [symbol, priceOf(symbol)])),
    connected,
    error,
  });
  const first = viewOf((symbol) => ({ symbol, state: "pending" }), NO_STATUS);
  let last = first;
  return {
    subscribe: (listener: () => void) => board.frames.subscribe([...symbols, STATUS], listener),
    getFirst: () => first,
    get: () => {
      const { connected, error } = board.status;
      const isSame =
        last.connected === connected &&
        last.error === error &&
        symbols.every((symbol) => last.prices[symbol] === board.price(symbol));
      if (!isSame) last = viewOf((symbol) => board.price(symbol), board.status);
      return last;
    },
  };
}
