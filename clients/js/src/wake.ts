// A laptop wakes, a tab comes back to the front, the network returns: timers learn of it late or never.

import type { Upstream } from "./connection.js";

/** Let `upstream` look at the clock at such moments; the answer stops it. Nothing where there is no page. */
export function wakeWith(upstream: Upstream): () => void {
  if (typeof window === "undefined" || typeof document === "undefined") return () => {};
  const check = () => upstream.check();
  const hasten = () => upstream.hasten();
  document.addEventListener("visibilitychange", check);
  document.addEventListener("resume", check);
  window.addEventListener("pageshow", check);
  window.addEventListener("online", hasten);
  return () => {
    document.removeEventListener("visibilitychange", check);
    document.removeEventListener("resume", check);
    window.removeEventListener("pageshow", check);
    window.removeEventListener("online", hasten);
  };
}
