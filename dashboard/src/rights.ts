// What this page may read. A stream of several subjects is refused whole when one is forbidden, so none is wanted
// without the right to it. The server has told what is open to all; with a ticket each is asked for alone.

import { useEffect, useRef, useState } from "react";

export type Right = "unknown" | "open" | "unauthorized" | "forbidden";

export interface Rights {
  status: Right;
  positions: Right;
}

const RIGHTS = ["open", "unauthorized", "forbidden"] as const;
export const UNKNOWN: Rights = { status: "unknown", positions: "unknown" };
// Each no stands in the console.
const AGAIN_MS = 60_000;
const SOON_MS = 3_000;
const WAIT_MS = 5_000;

export function rightOf(status: number): Right {
  if (status === 401) return "unauthorized";
  if (status === 403 || status === 404) return "forbidden";
  // 429 and 503 say nothing of rights.
  return status === 200 ? "open" : "unknown";
}

/** What the server wrote into the page: "prices:open status:open positions:forbidden". */
export function toldRights(root: ParentNode = document): Rights {
  const content = root.querySelector<HTMLMetaElement>("meta[name=tapecast-rights]")?.content ?? "";
  const told = new Map(content.split(" ").map((each) => each.split(":") as [string, string]));
  const of = (subject: string) => RIGHTS.find((right) => right === told.get(subject)) ?? "unknown";
  return { status: of("status"), positions: of("positions") };
}

async function ask(path: string, ticket: string, signal: AbortSignal): Promise<Right> {
  const query = ticket && `?ticket=${encodeURIComponent(ticket)}`;
  const ending = new AbortController();
  const signals = AbortSignal.any([signal, ending.signal, AbortSignal.timeout(WAIT_MS)]);
  try {
    const answer = await fetch(`${path}${query}`, {
      headers: { Accept: "application/json" },
      cache: "no-store",
      signal: signals,
    });
    return rightOf(answer.status);
  } catch {
    return "unknown";
  } finally {
    // The head is the answer; what follows may be a stream.
    ending.abort();
  }
}

export async function probe(base: string, ticket: string, signal: AbortSignal): Promise<Rights> {
  const [status, positions] = await Promise.all([
    ask(`${base}/stream/status`, ticket, signal),
    ask(`${base}/stream/positions`, ticket, signal),
  ]);
  return { status, positions };
}

/** The rights; with a ticket or in trouble asked for, and again now and then while one is missing. */
export function useRights(base: string, ticket: string, trouble: string): Rights {
  const [rights, setRights] = useState(toldRights);
  const isDoubted = useRef(false);
  useEffect(() => {
    const told = toldRights();
    // Once refused, what the page was told is out of date: the server has been started anew.
    isDoubted.current ||= trouble !== "";
    if (!ticket && !isDoubted.current && !Object.values(told).includes("unknown")) {
      setRights(told);
      return;
    }
    const ending = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async () => {
      const found = await probe(base, ticket, ending.signal);
      if (ending.signal.aborted) return;
      setRights((known) => merge(known, found));
      const all = Object.values(found);
      if (all.some((right) => right !== "open"))
        timer = setTimeout(look, all.includes("unknown") ? SOON_MS : AGAIN_MS);
    };
    look();
    return () => {
      ending.abort();
      clearTimeout(timer);
    };
  }, [base, ticket, trouble]);
  return rights;
}

/** Nobody's answer changes nothing: panels must not come and go with the network. */
export function merge(known: Rights, found: Rights): Rights {
  const pick = (name: keyof Rights) => (found[name] === "unknown" ? known[name] : found[name]);
  const next = { status: pick("status"), positions: pick("positions") };
  return next.status === known.status && next.positions === known.positions ? known : next;
}
