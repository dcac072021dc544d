/** What changed since the last frame, and who shows it. */
export class Frames {
  readonly #refresh: (key: string) => void;
  readonly #listeners = new Map<string, Set<() => void>>();
  readonly #dirty = new Set<string>();
  #isPending = false;

  /** `refresh` makes the new snapshot of a key. */
  constructor(refresh: (key: string) => void) {
    this.#refresh = refresh;
  }

  /** Whether somebody shows it. */
  has(key: string): boolean {
    return this.#listeners.has(key);
  }

  /** Call `listener` after a frame in which one of `keys` changed; the answer stops it. */
  subscribe(keys: Iterable<string>, listener: () => void): () => void {
    const heard = [...keys];
    for (const key of heard) {
      const listeners = this.#listeners.get(key) ?? new Set();
      this.#listeners.set(key, listeners.add(listener));
    }
    return () => {
      for (const key of heard) {
        const listeners = this.#listeners.get(key);
        listeners?.delete(listener);
        if (!listeners?.size) this.#listeners.delete(key);
      }
    };
  }

  mark(...keys: string[]): void {
    for (const key of keys) this.#dirty.add(key);
    if (this.#isPending) return;
    this.#isPending = true;
    const frame = () => this.#flush();
    // A page in the background has no frames: it is drawn when it is looked at again.
    if (typeof requestAnimationFrame === "function") requestAnimationFrame(frame);
    else setTimeout(frame, 16);
  }

  /** Make the new snapshots, then tell those who show them: each once, whatever changed. */
  #flush(): void {
    this.#isPending = false;
    const told = new Set<() => void>();
    for (const key of this.#dirty) {
      this.#refresh(key);
      for (const listener of this.#listeners.get(key) ?? []) told.add(listener);
    }
    this.#dirty.clear();
    for (const listener of told) listener();
  }
}
