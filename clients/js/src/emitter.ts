/** Typed events. A listener that throws disturbs neither the others nor the stream. */
export class Emitter<Events> {
  readonly #listeners = new Map<keyof Events, Set<(payload: never) => void>>();

  /** Hear an event; the answer stops it. */
  on<Name extends keyof Events>(name: Name, listener: (payload: Events[Name]) => void): () => void {
    const heard = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, heard);
    // A function of its own: the same listener may be there twice and leave once.
    const own = (payload: Events[Name]) => listener(payload);
    heard.add(own);
    return () => void heard.delete(own);
  }

  emit<Name extends keyof Events>(name: Name, payload: Events[Name]): void {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        (listener as (payload: Events[Name]) => void)(payload);
      } catch (error) {
        // To where the page's own errors go, on a turn of its own.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
