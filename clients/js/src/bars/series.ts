// The bars of one symbol, in order of time, and the rules of what replaces what. No I/O.

import { isNewer } from "../store.js";
import type { Bar, BarHistory, RemovedBar } from "./types.js";

type Word = Bar | RemovedBar;

/** A page may stay open for days. */
const MOST = 5_000;

export class Series {
  history: BarHistory | undefined;
  // Also of those that were removed, so that no older word brings them back.
  #words: Word[] = [];
  #bars: readonly Bar[] | undefined;

  /** Oldest first. The same array until one of them changes. */
  get bars(): readonly Bar[] {
    this.#bars ??= this.#words.filter((word): word is Bar => !word.removed);
    return this.#bars;
  }

  replace(bars: readonly Bar[], history: BarHistory): void {
    this.#words = [...bars];
    this.#bars = undefined;
    this.history = history;
  }

  /** False if it is not newer than what is held of its start, or from before all that was asked for. */
  put(word: Word, asked: number): boolean {
    const words = this.#words;
    let at = words.length;
    while (at > 0 && (words[at - 1] as Word).start > word.start) at -= 1;
    const held = words[at - 1];
    if (held?.start === word.start) {
      if (!isNewer(word, held)) return false;
      words[at - 1] = word;
    } else if (at === 0 && words.length >= asked) {
      // It would stand alone, with a hole behind it.
      return false;
    } else words.splice(at, 0, word);
    if (words.length > MOST) words.shift();
    this.#bars = undefined;
    return true;
  }
}
