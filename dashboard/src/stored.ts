// Values that survive a reload, as a store that React can read. Storage may be forbidden or full: then they
// live as long as the page.

import { useSyncExternalStore } from "react";

export interface Stored<Value> {
  get(): Value;
  set(value: Value): void;
  subscribe(listener: () => void): () => void;
}

/** `read` answers undefined to what is no such value: somebody may have edited it, or an older page wrote it. */
export function stored<Value>(
  storage: () => Storage,
  key: string,
  first: () => Value,
  read: (found: unknown) => Value | undefined,
): Stored<Value> {
  const listeners = new Set<() => void>();
  let value: Value | undefined;
  const load = (): Value => {
    try {
      return read(JSON.parse(storage().getItem(key) ?? "null")) ?? first();
    } catch {
      return first();
    }
  };
  return {
    get() {
      value ??= load();
      return value;
    },
    set(next) {
      value = next;
      try {
        storage().setItem(key, JSON.stringify(next));
      } catch {
        // Kept in `value`.
      }
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export function useStored<Value>(store: Stored<Value>): Value {
  return useSyncExternalStore(store.subscribe, store.get);
}
