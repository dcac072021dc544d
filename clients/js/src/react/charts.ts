// Between streams of bars and components: all that show bars of one length share a stream.

import { BarsClient } from "../bars/client.js";
import type { Bar, BarHistory, BarInterval } from "../bars/types.js";
import type { TapecastError } from "../errors.js";
import type { SymbolStatus } from "../types.js";
import type { Board } from "./board.js";
import { Frames } from "./frames.js";

/** Which bars a component shows. */
export interface Chart {
  symbol: string;
  interval: BarInterval;
  limit: number | undefined;
}

export interface BarsState {
  /** Oldest first, the last one perhaps forming. The same array until one of them changes. */
  bars: readonly Bar[];
  /** Whose bars of before these are; undefined until they are known. */
  history: BarHistory | undefined;
  /** What may be believed of the newest. */
  state: SymbolStatus["state"];
  reason: SymbolStatus["reason"];
  /** What is wrong with the stream of bars, until it is well again. */
  error: TapecastError | undefined;
}

export const NO_BARS: BarsState = {
  bars: [],
  history: undefined,
  state: "pending",
  reason: undefined,
  error: undefined,
};

interface Stream {
  client: BarsClient;
  /** By symbol, how many components show it. */
  counts: Map<string, number>;
  error: TapecastError | undefined;
}

export class Charts {
  readonly frames = new Frames((key) => this.#refresh(key));
  readonly #board: Board;
  readonly #streams = new Map<string, Stream>();
  readonly #states = new Map<string, BarsState>();
  readonly #changed = new Set<string>();

  constructor(board: Board) {
    this.#board = board;
  }

  state(chart: Chart): BarsState {
    return this.#states.get(keyOf(chart)) ?? NO_BARS;
  }

  /** Have these bars for as long as somebody shows them; the answer ends it. */
  watch(chart: Chart): () => void {
    if (!chart.symbol) return () => {};
    this.#count(chart, 1);
    return () => this.#count(chart, -1);
  }

  #count(chart: Chart, by: number): void {
    const { symbol, interval, limit } = chart;
    const name = streamOf(chart);
    let stream = this.#streams.get(name);
    if (!stream) {
      const options = this.#board.options();
      const client = new BarsClient({
        ...options,
        pace: options.interval,
        interval,
        limit,
        restHidden: true,
      });
      stream = { client, counts: new Map(), error: undefined };
      this.#streams.set(name, stream);
      this.#hear(stream, name);
    }
    const count = (stream.counts.get(symbol) ?? 0) + by;
    if (count) stream.counts.set(symbol, count);
    else stream.counts.delete(symbol);
    this.#updateLater(name);
  }

  /** After all components of this turn had their say: one that is shown anew first takes back what it said. */
  #updateLater(name: string): void {
    this.#changed.add(name);
    if (this.#changed.size === 1)
      queueMicrotask(() => {
        for (const each of this.#changed) this.#update(each);
        this.#changed.clear();
      });
  }

  #update(name: string): void {
    const { client, counts } = this.#streams.get(name) as Stream;
    for (const symbol of client.symbols) if (!counts.has(symbol)) this.#states.delete(`${name} ${symbol}`);
    client.set({ symbols: counts.keys() });
    if (counts.size) return;
    client.close();
    this.#streams.delete(name);
  }

  #hear(stream: Stream, name: string): void {
    const { client } = stream;
    const mark = ({ symbol }: { symbol: string }) => this.frames.mark(`${name} ${symbol}`);
    const fail = (error: TapecastError | undefined) => {
      stream.error = error;
      for (const symbol of client.symbols) mark({ symbol });
    };
    client.on("bars", mark);
    client.on("bar", mark);
    client.on("symbol", mark);
    client.on("error", fail);
    client.on("hello", () => fail(undefined));
  }

  #refresh(key: string): void {
    const at = key.lastIndexOf(" ");
    const stream = this.#streams.get(key.slice(0, at));
    const symbol = key.slice(at + 1);
    const status = stream?.client.states.get(symbol);
    if (!stream || !status) return;
    const { bars, history } = stream.client.of(symbol);
    this.#states.set(key, { bars, history, state: status.state, reason: status.reason, error: stream.error });
  }
}

function streamOf({ interval, limit }: Chart): string {
  return `${interval} ${limit}`;
}

/** The key of its snapshot. */
export function keyOf(chart: Chart): string {
  return `${streamOf(chart)} ${chart.symbol}`;
}
