// tapecast-client/bars: open, high, low, close and volume of intervals, as history and live.

import { BarsClient, type BarsOptions } from "./client.js";

/** Open a stream of bars. It comes back by itself until `close()`. */
export function bars(options: BarsOptions): BarsClient {
  return new BarsClient(options);
}

export type { BarsClient, BarsClientEvents, BarsOptions, BarsSubjects, KnownBars } from "./client.js";
export type * from "./types.js";
