import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connect, type TapecastClient } from "../src/index.js";
import { freePort, python, runningUrl, Server } from "./server.js";

if (!python && !runningUrl) {
  console.warn(
    "contract tests are skipped: set TAPECAST_URL, or TAPECAST_PYTHON to a python that has tapecast",
  );
}

/** Wait until `check` holds, looking again after every event of `client`. */
async function until(check: () => boolean, within = 15_000): Promise<void> {
  const end = Date.now() + within;
  while (!check()) {
    if (Date.now() > end) throw new Error(`not within ${within} ms: ${check}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe.skipIf(!python && !runningUrl)("a real server", () => {
  let server: Server | undefined;
  let url = runningUrl ?? "";
  let client: TapecastClient;

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
    client = connect({ url, symbols: ["aapl", "BTC/USD", "no symbol!"], status: true });
    const errors: unknown[] = [];
    client.on("error", (error) => errors.push(error));
    await until(
      () => client.states.get("AAPL")?.state === "live" && client.states.get("BTC/USD")?.state === "live",
    );
    const first = client.ticks.get("AAPL");
    await until(() => client.ticks.get("AAPL") !== first);
    expect(client.ticks.get("AAPL")?.seq).toBeGreaterThan(first?.seq ?? 0);
    expect(client.states.get("NO SYMBOL!")).toEqual({
      symbol: "NO SYMBOL!",
      state: "refused",
      reason: "symbol_invalid",
    });
    expect(client.feeds.get("us_equity")?.simulated).toBe(true);
    expect(client.connection.state).toBe("open");
    expect(client.status?.active_symbols).toContain("AAPL");
    expect(Math.abs(client.serverNow() - Date.now())).toBeLessThan(1_000);
    expect(client.ageMs("AAPL")).toBeLessThan(10_000);
    expect(errors).toEqual([]);
    client.close();
    expect(client.states.get("AAPL")?.state).toBe("stale");
  });
});
