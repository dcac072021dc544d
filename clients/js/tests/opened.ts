// A client on a transport and a clock that a test plays.

import { TapecastClient } from "../src/client.js";
import type { Connection } from "../src/connection.js";
import type { TapecastError } from "../src/errors.js";
import type { ConnectOptions } from "../src/options.js";
import { FakeTransport, TestClock } from "./fakes.js";

export let clock: TestClock;
export let transport: FakeTransport;
/** What the client told since it was opened. */
export let connections: Connection[];
export let errors: TapecastError[];

/** Before each test. */
export function setUp(): void {
  clock = new TestClock();
  transport = new FakeTransport(clock);
  connections = [];
  errors = [];
}

export async function open(options: Partial<ConnectOptions> = {}): Promise<TapecastClient> {
  const client = new TapecastClient({ url: "http://test/", symbols: ["AAPL"], transport, clock, ...options });
  client.on("connection", (connection) => connections.push(connection));
  client.on("error", (error) => errors.push(error));
  await clock.pass(50);
  return client;
}

export const states = () => connections.map(({ state }) => state);
