// A laptop wakes, a tab comes back to the front, the network returns: timers learn of it late or never.

import type { Upstream } from "./connection.js";

/** Let `upstream` look at the clock at such moments; the answer stops it. Nothing where there is no page. */
export function wakeWith(upstream: Upstream): () => void {
  if (typeof window === "undefined") return () => {};
  const gone = new AbortController();
  const { signal } = gone;
  // The first two are the document's, and bubble.
  for (const name of ["visibilitychange", "resume", "pageshow"])
    window.addEventListener(name, () => upstream.check(), { signal });
  window.addEventListener("online", () => upstream.hasten(), { signal });
  return () => gone.abort();
}
