"use client";

import { createContext, createElement, type ReactNode, useContext, useEffect, useMemo } from "react";
import { Board } from "./board.js";
import type { BoardOptions } from "./views.js";

const Context = createContext<Board | undefined>(undefined);

export interface TapecastProviderProps extends BoardOptions {
  children?: ReactNode;
}

/** One stream for all components inside. It opens what they show, and nothing on a server. */
export function TapecastProvider({ children, ...options }: TapecastProviderProps): ReactNode {
  const board = useStarted(useOwn(options), options);
  return createElement(Context.Provider, { value: board }, children);
}

/** The board of the provider; without one, or with options, one that all components of the same server share. */
export function useBoard(options: BoardOptions | undefined): Board {
  const given = useContext(Context);
  const own = given && !options ? undefined : sharedBoard(options ?? {});
  const board = own ?? (given as Board);
  useStarted(board, own && options, !own);
  return board;
}

function useOwn(options: BoardOptions): Board {
  const key = keyOf(options);
  const { transport, clock } = options;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for all options that matter
  return useMemo(() => new Board(options), [key, transport, clock]);
}

function useStarted(board: Board, options: BoardOptions | undefined, isStarted = false): Board {
  const ticket = options?.ticket;
  useEffect(() => {
    if (ticket !== undefined) board.ticket = ticket;
  }, [board, ticket]);
  useEffect(() => (isStarted ? undefined : board.start()), [board, isStarted]);
  return board;
}

const shared = new Map<string, Board>();

function sharedBoard(options: BoardOptions): Board {
  const key = keyOf(options);
  const board = shared.get(key) ?? new Board(options);
  // Nothing is open on it before a component is shown, nor on a server that renders.
  shared.set(key, board);
  return board;
}

/** What makes a stream another one. A function that gets tickets is the same one at each render. */
function keyOf({ url, interval, shared, ticket }: BoardOptions): string {
  return JSON.stringify([url, interval, shared, typeof ticket === "string" ? ticket : typeof ticket]);
}
