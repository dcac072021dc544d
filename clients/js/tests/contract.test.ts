// The client against a real server with simulated prices, over the fetch transport. `server.ts` says which.

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  type ConnectOptions,
  connect,
  fetchTransport,
  type TapecastClient,
  type TapecastError,
} from "../src/index.js";
import { freePort, python, runningUrl, Server } from "./server.js";

if (!python && !runningUrl) {
  console.warn(
    "contract tests are skipped: set TAPECAST_URL, or TAPECAST_PYTHON to a python that has tapecast",
  );
}

let clients: TapecastClient[] = [];
let errors: TapecastError[] = [];

afterEach(() => {
  for (const client of clients) client.close();
  clients = [];
  errors = [];
});

function open(url: string, options: ConnectOptions): TapecastClient {
  const client = connect({ url, transport: fetchTransport(), ...options });
  client.on("error", (error) => errors.push(error));
  clients.push(client);
  return client;
}

async function until(check: () => unknown, within = 20_000): Promise<void> {
  const end = Date.now() + within;
  while (!check()) {
    if (Date.now() > end) throw new Error(`not within ${within} ms: ${check}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const isLive = (client: TapecastClient, ...symbols: string[]) =>
  symbols.every((symbol) => client.states.get(symbol)?.state === "live" && client.ticks.has(symbol));

describe.skipIf(!python && !runningUrl)("a server", () => {
  let server: Server | undefined;
  let url = runningUrl ?? "";

  beforeAll(async () => {
    if (runningUrl) return;
    server = new Server(await freePort());
    url = server.url;
    await server.start();
  });

  afterAll(async () => {
    await server?.stop();
  });

  test("streams live prices and says who may be believed", async () => {
    const client = open(url, { symbols: ["aapl", "BTC/USD", "no symbol!"], status: true });
    await until(() => isLive(client, "AAPL", "BTC/USD") && client.status);
    const first = client.ticks.get("AAPL");
    await until(() => client.ticks.get("AAPL") !== first);
    expect(client.ticks.get("AAPL")?.seq).toBeGreaterThan(first?.seq ?? Number.POSITIVE_INFINITY);
    expect(client.states.get("NO SYMBOL!")).toMatchObject({ state: "refused", reason: "symbol_invalid" });
    expect(client.feeds.get("us_equity")).toMatchObject({ simulated: true, state: "live" });
    expect(client.connection.state).toBe("open");
    expect(client.hello?.interval).toBe(0);
    expect(Math.abs(client.serverNow() - Date.now())).toBeLessThan(5_000);
    expect(client.ageMs("AAPL")).toBeLessThan(10_000);
    expect(errors).toEqual([]);
    client.close();
    expect(client.states.get("AAPL")?.state).toBe("stale");
  });

  test("takes another set without a moment in which the old prices are not live", async () => {
    const client = open(url, { symbols: ["AAPL"] });
    await until(() => isLive(client, "AAPL"));
    const seen: string[] = [];
    client.on("symbol", ({ symbol, state }) => seen.push(`${symbol} ${state}`));
    client.on("connection", ({ state }) => seen.push(state));
    client.add("MSFT");
    await until(() => isLive(client, "MSFT"));
    client.remove("MSFT");
    const price = client.ticks.get("AAPL");
    await until(() => client.ticks.get("AAPL") !== price);
    expect(seen.filter((each) => !each.startsWith("MSFT"))).toEqual([]);
    expect(errors).toEqual([]);
  });

  test("tells positions, where it shows them to us", async () => {
    const client = open(url, { positions: true });
    await until(() => client.account || errors.length);
    if (runningUrl && errors.length) return;
    expect(client.account?.simulated).toBe(true);
    const [position] = client.positions.values();
    expect(position?.qty).toBeTypeOf("number");
    expect(position?.market_value).toBeTypeOf("number");
    await until(() => [...client.positions.values()].some(({ price_age_ms }) => price_age_ms !== undefined));
  });

  test("says why it refuses", async () => {
    const client = open(url, { symbols: ["!"] });
    await until(() => errors.length);
    expect(errors[0]).toMatchObject({ code: "symbol_invalid", status: 400, lasting: true });
    expect(client.connection.state).toBe("refused");
    client.add("AAPL");
    await until(() => isLive(client, "AAPL"));
    expect(client.states.get("!")?.state).toBe("refused");
  });

  test("is not there under a wrong path", async () => {
    open(`${url}/healthz`, { symbols: ["AAPL"] });
    await until(() => errors.length);
    expect(errors[0]).toMatchObject({ status: 404, lasting: true });
  });
});

describe.skipIf(!python)("a server of our own", () => {
  test("that is killed and started again is live again by itself", async () => {
    const server = new Server(await freePort());
    await server.start();
    try {
      const client = open(server.url, { symbols: ["AAPL"] });
      await until(() => isLive(client, "AAPL"));
      const { price } = client.ticks.get("AAPL") ?? {};
      expect(price).toBeTypeOf("number");
      await server.stop("SIGKILL");
      await until(() => client.states.get("AAPL")?.state === "stale");
      expect(client.states.get("AAPL")?.reason).toBe("connection_lost");
      expect(client.ticks.get("AAPL")?.price).toBeTypeOf("number");
      await until(() => errors.some(({ code }) => code === "unreachable"));
      await server.start();
      await until(() => isLive(client, "AAPL"), 25_000);
      expect(client.connection).toEqual({ state: "open" });
      const reasons: (string | undefined)[] = [];
      client.on("connection", ({ reason }) => reasons.push(reason));
      await server.stop("SIGTERM");
      await until(() => reasons.length);
      expect(reasons[0]).toBe("draining");
    } finally {
      await server.stop("SIGKILL");
    }
  }, 90_000);

  test("that wants tickets gets a new one before the old one expires", async () => {
    const token = "a-token-of-the-tests-0123456789";
    const server = new Server(await freePort(), { API_TOKEN: token });
    await server.start();
    try {
      const client = open(server.url, { symbols: ["AAPL"] });
      await until(() => errors.length);
      expect(errors[0]).toMatchObject({ code: "unauthorized", status: 401 });
      expect(client.connection.state).toBe("refused");
      client.close();

      let asked = 0;
      const ticket = async () => {
        asked += 1;
        const response = await fetch(`${server.url}/tickets`, {
          method: "POST",
          headers: { Authorization: `Bearer ${token}` },
          body: JSON.stringify({ streams: ["prices"], symbols: ["AAPL"], ttl_s: 12 }),
        });
        return ((await response.json()) as { ticket: string }).ticket;
      };
      errors = [];
      const holder = open(server.url, { symbols: ["AAPL", "MSFT"], ticket });
      await until(() => isLive(holder, "AAPL"));
      const begun = holder.serverNow();
      expect(holder.states.get("MSFT")).toMatchObject({ state: "refused", reason: "not_allowed" });
      const seen: string[] = [];
      holder.on("connection", ({ state, reason }) => seen.push(`${state} ${reason ?? ""}`.trim()));
      await until(() => asked === 2, 20_000);
      // With the first one it would be over now.
      await until(() => holder.serverNow() > begun + 13_000 && isLive(holder, "AAPL"), 20_000);
      expect(seen).toEqual([]);
      expect(errors).toEqual([]);

      const withToken = open(server.url, {
        symbols: ["MSFT"],
        transport: fetchTransport({ headers: { Authorization: `Bearer ${token}` } }),
      });
      await until(() => isLive(withToken, "MSFT"));
    } finally {
      await server.stop("SIGKILL");
    }
  }, 90_000);
});
