// A laptop wakes, a tab comes back to the front, the network returns: timers learn of it late or never.

import type { Upstream } from "./connection.js";

/** Let `upstream` look at the clock at such moments; the answer stops it. Nothing where there is no page. */
export function wakeWith(upstream: Upstream): () => void {
  if (typeof window === "undefined" || typeof document === "undefined") return () => {};
  const gone = new AbortController();
  const { signal } = gone;
  const check = () => upstream.check();
  document.addEventListener("visibilitychange", check, { signal });
  document.addEventListener("resume", check, { signal });
  window.addEventListener("pageshow", check, { signal });
  window.addEventListener("online", () => upstream.hasten(), { signal });
  return () => gone.abort();
}
