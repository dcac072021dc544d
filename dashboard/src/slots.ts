// A browser opens six connections to a server without HTTP/2, and counts those of all its windows. Prices are one
// stream of all windows; bars are one of each, so three windows have those at most, and the others ask now and then.

import { useEffect, useState } from "react";

export const SLOTS = 3;
const AGAIN_MS = 2_000;
// As long as the client keeps the stream of a page that nobody looks at.
const REST_MS = 5_000;

/** Try to have one of the slots until `signal` says that it is over; the answer is whether there was one. */
export async function takeSlot(locks: LockManager, signal: AbortSignal): Promise<boolean> {
  for (let slot = 1; slot <= SLOTS && !signal.aborted; slot += 1)
    if (await takeLock(locks, `tapecast bars ${slot}`, signal)) return true;
  return false;
}

function takeLock(locks: LockManager, name: string, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const hold = (lock: Lock | null) => {
      resolve(lock !== null);
      return lock && over(signal);
    };
    locks.request(name, { ifAvailable: true }, hold).catch(() => resolve(false));
  });
}

function over(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** How this window gets its bars; undefined for the moment of asking, and while nobody looks at it. */
export type Way = "stream" | "poll" | undefined;

/** One of the slots while this page is looked at, as soon as there is one. */
export function useWay(): Way {
  // Without TLS browsers have no locks but for a server on their own machine.
  const [way, setWay] = useState<Way>(() => (navigator.locks ? undefined : "stream"));
  useEffect(() => {
    const { locks } = navigator;
    if (!locks) return;
    let ending: AbortController | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const seek = async () => {
      ending ??= new AbortController();
      const { signal } = ending;
      const isHeld = await takeSlot(locks, signal);
      if (signal.aborted) return;
      setWay(isHeld ? "stream" : "poll");
      if (!isHeld) timer = setTimeout(seek, AGAIN_MS);
    };
    const rest = () => {
      clearTimeout(timer);
      ending?.abort();
      ending = undefined;
      setWay(undefined);
    };
    let resting: ReturnType<typeof setTimeout> | undefined;
    const look = () => {
      clearTimeout(resting);
      if (document.hidden) resting = setTimeout(rest, REST_MS);
      else if (!ending) void seek();
    };
    look();
    document.addEventListener("visibilitychange", look);
    return () => {
      document.removeEventListener("visibilitychange", look);
      clearTimeout(resting);
      rest();
    };
  }, []);
  return way;
}
