// The client in real Chromium (CHROMIUM names it, else that on Debian's path) against a real server.

import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server as HttpServer } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { bars as Bars } from "../src/bars/index.js";
import type { connect as Connect, TapecastClient } from "../src/index.js";
import { freePort, python, Server } from "./server.js";

declare global {
  var connect: typeof Connect;
  var bars: typeof Bars;
  var chart: ReturnType<typeof Bars>;
  var client: TapecastClient;
  var codes: string[];
}

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const isPossible = python && existsSync(executablePath);
if (!isPossible) console.warn("browser tests are skipped: they want chromium and a python that has tapecast");

const ROOT = fileURLToPath(new URL("..", import.meta.url));

async function bundled(code: string, loader: "ts" | "tsx"): Promise<string> {
  const stdin = { contents: code, resolveDir: ROOT, loader };
  const define = { "process.env.NODE_ENV": '"production"' };
  const alias = {
    "tapecast-client/bars": "./src/bars/index.ts",
    "tapecast-client/react": "./src/react/index.ts",
    "tapecast-client": "./src/index.ts",
  };
  const { outputFiles } = await build({
    stdin,
    define,
    alias,
    bundle: true,
    format: "esm",
    write: false,
    jsx: "automatic",
  });
  return outputFiles[0]?.text ?? "";
}

const PLAIN = `
  import { connect } from "tapecast-client";
  import { bars } from "tapecast-client/bars";
  Object.assign(globalThis, { connect, bars });
`;

// To a page of another origin `tapecast up` shows prices and no positions.
const ACCOUNT = `
  import { createRoot } from "react-dom/client";
  import { TapecastProvider, usePositions, usePrice } from "tapecast-client/react";

  function Page() {
    const { error, loaded } = usePositions();
    const { price, state } = usePrice("AAPL");
    return <p>AAPL {price} {state}, account {loaded ? "shown" : error?.code}</p>;
  }

  createRoot(document.body).render(<TapecastProvider url="SERVER"><Page /></TapecastProvider>);
`;

/** The first lines of the README in that language, for this server. */
function readme(language: string, url: string): string {
  const text = readFileSync(`${ROOT}README.md`, "utf8");
  const [, code = ""] = new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, "s").exec(text) ?? [];
  return code.replace("http://localhost:8000", url);
}

describe.skipIf(!isPossible)("in Chromium", () => {
  let server: Server;
  let pages: HttpServer;
  let origin: string;
  let browser: Browser;
  let context: BrowserContext;

  beforeAll(async () => {
    server = new Server(await freePort());
    const scripts: Record<string, string> = {
      "/plain.js": await bundled(PLAIN, "ts"),
      "/account.js": await bundled(ACCOUNT.replace("SERVER", server.url), "tsx"),
      "/js.js": await bundled(readme("js", server.url), "ts"),
      "/jsx.js": await bundled(readme("jsx", server.url), "tsx"),
    };
    pages = createServer(({ url = "/" }, response) => {
      const script = scripts[url];
      response.setHeader("Content-Type", script ? "text/javascript" : "text/html; charset=utf-8");
      const name = url.slice(1) || "plain";
      response.end(
        script ??
          `<!doctype html><link rel="icon" href="data:,"><body><script type="module" src="/${name}.js"></script>`,
      );
    });
    const port = await freePort();
    await new Promise<void>((resolve) => pages.listen(port, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${port}`;
    await server.start();
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  });

  afterAll(async () => {
    await browser?.close();
    pages?.close();
    await server?.stop();
  });

  beforeEach(async () => {
    context = await browser.newContext();
  });

  afterEach(async () => {
    await context.close();
    await expect.poll(streams, { timeout: 10_000 }).toBe(0);
  });

  const streams = async () =>
    ((await (await fetch(`${server.url}/stream/status`)).json()) as { stream_count: number }).stream_count;

  async function open(symbols: string[], more: { shared?: boolean; url?: string } = {}): Promise<Page> {
    const page = await context.newPage();
    await page.goto(`${origin}/`);
    await page.waitForFunction(() => globalThis.connect);
    await page.evaluate(
      (options) => {
        globalThis.codes = [];
        globalThis.client = connect(options);
        client.on("error", ({ code }) => codes.push(code));
      },
      { url: server.url, symbols, ...more },
    );
    return page;
  }

  /** A newer price than that which it holds comes, and is live. */
  async function moves(page: Page, symbol: string, timeout = 15_000): Promise<void> {
    const seq = await page.evaluate((of) => client.ticks.get(of)?.seq ?? 0, symbol);
    await page.waitForFunction(
      ([of, above]) => client.states.get(of)?.state === "live" && (client.ticks.get(of)?.seq ?? 0) > above,
      [symbol, seq] as const,
      { timeout },
    );
  }

  test("nine tabs share one stream, and go on when tabs are closed or crash", async () => {
    const symbols = ["AAPL", "MSFT", "NVDA", "SPY", "BTC/USD", "ETH/USD", "TSLA", "AMZN", "META"];
    const tabs: Page[] = [];
    for (const symbol of symbols) tabs.push(await open([symbol]));
    for (const [index, tab] of tabs.entries()) await moves(tab, symbols[index] as string);
    await expect.poll(streams).toBe(1);

    await tabs[0]?.close();
    for (const [index, tab] of tabs.slice(1).entries()) await moves(tab, symbols[index + 1] as string);
    await expect.poll(streams).toBe(1);

    await tabs[1]?.goto("chrome://crash").catch(() => {});
    for (const [index, tab] of tabs.slice(2).entries()) await moves(tab, symbols[index + 2] as string);
    await expect.poll(streams).toBe(1);
    for (const tab of tabs.slice(2)) expect(await tab.evaluate(() => codes)).toEqual([]);
  }, 120_000);

  test("a tab that leads and answers no more is relieved, and follows when it is back", async () => {
    const leader = await open(["AAPL"]);
    await moves(leader, "AAPL");
    const other = await open(["MSFT"]);
    await moves(other, "MSFT");
    const session = await context.newCDPSession(leader);
    await session.send("Debugger.enable");
    const paused = new Promise((resolve) => session.once("Debugger.paused", resolve));
    await session.send("Debugger.pause");
    await paused;
    const before = Date.now();
    await other.waitForTimeout(500);
    await moves(other, "MSFT", 45_000);
    // It was no price of the one that is paused.
    expect(Date.now() - before).toBeGreaterThan(4_000);
    expect(await other.evaluate(() => client.connection.state)).toBe("open");
    await session.send("Debugger.resume");
    await moves(leader, "AAPL");
    await moves(other, "MSFT");
    await expect.poll(streams).toBe(1);
  }, 120_000);

  test("tabs that do not share have a stream each", async () => {
    const tabs = [await open(["AAPL"], { shared: false }), await open(["AAPL"], { shared: false })];
    for (const tab of tabs) await moves(tab, "AAPL");
    await expect.poll(streams).toBe(2);
  });

  test("a server that is killed and started again: stale, the reason, live", async () => {
    const tab = await open(["AAPL"]);
    await moves(tab, "AAPL");
    await server.stop("SIGKILL");
    await tab.waitForFunction(() => client.states.get("AAPL")?.reason === "connection_lost", null, {
      timeout: 3_000,
    });
    expect(await tab.evaluate(() => client.ticks.get("AAPL")?.price)).toBeTypeOf("number");
    await tab.waitForFunction(() => codes.includes("unreachable"), null, { timeout: 30_000 });
    await server.start();
    await moves(tab, "AAPL", 30_000);
  }, 90_000);

  test("symbols come and go without a moment of emptiness", async () => {
    const tab = await open(["AAPL"]);
    await moves(tab, "AAPL");
    await tab.evaluate(() => {
      client.on("symbol", ({ symbol, state }) => symbol === "AAPL" && codes.push(state));
      client.on("connection", ({ state }) => codes.push(state));
      client.add("MSFT", "NVDA");
    });
    await moves(tab, "NVDA");
    await tab.evaluate(() => client.remove("MSFT"));
    await moves(tab, "AAPL");
    expect(await tab.evaluate(() => [codes, client.ticks.has("MSFT")])).toEqual([[], false]);
  });

  test("bars come over EventSource, and a page that is hidden rests", async () => {
    const tab = await open(["AAPL"]);
    await tab.evaluate((url) => {
      globalThis.chart = bars({ url, symbol: "AAPL", interval: "1s", restHidden: true });
    }, server.url);
    await tab.waitForFunction(() => chart.of("AAPL").bars.some(({ closed }) => closed), null, {
      timeout: 15_000,
    });
    await expect.poll(streams).toBe(2);
    // As the browser tells it: at the document, bubbling.
    const look = (isHidden: boolean) =>
      tab.evaluate((hidden) => {
        Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
      }, isHidden);
    await look(true);
    await expect.poll(streams, { timeout: 15_000 }).toBe(1);
    await look(false);
    await expect.poll(streams, { timeout: 15_000 }).toBe(2);
    await tab.waitForFunction(() => chart.states.get("AAPL")?.state === "live");
  }, 60_000);

  test("where EventSource gives up, the reason is read", async () => {
    const refused = await open(["!"]);
    await refused.waitForFunction(() => codes.includes("symbol_invalid"));
    expect(await refused.evaluate(() => client.connection.state)).toBe("refused");
    await refused.evaluate(() => client.add("AAPL"));
    await moves(refused, "AAPL");
    const wrong = await open(["AAPL"], { url: origin });
    await wrong.waitForFunction(() => codes.includes("not_a_stream"));
  });

  test("the lines of the README in plain JavaScript give live prices", async () => {
    const page = await context.newPage();
    const said: string[] = [];
    page.on("console", (message) => said.push(`${message.type()} ${message.text()}`));
    await page.goto(`${origin}/js`);
    await expect.poll(() => said.some((text) => /^log AAPL \d/.test(text)), { timeout: 10_000 }).toBe(true);
    await expect
      .poll(() => said.some((text) => /^log BTC\/USD \d/.test(text)), { timeout: 10_000 })
      .toBe(true);
    expect(said.filter((text) => !text.startsWith("log"))).toEqual([]);
  });

  test("the lines of the README in React show live prices, and no console error", async () => {
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(`${origin}/jsx`);
    const text = () => page.evaluate(() => document.body.textContent ?? "");
    await expect.poll(text, { timeout: 10_000 }).toMatch(/AAPL [\d.]+ live.*BTC\/USD [\d.]+ live/s);
    const before = await text();
    await expect.poll(text, { timeout: 10_000 }).not.toBe(before);
    expect(complaints).toEqual([]);
  });

  test("an account that is not shown does not cost the prices", async () => {
    const page = await context.newPage();
    await page.goto(`${origin}/account`);
    const text = () => page.evaluate(() => document.body.textContent ?? "");
    await expect.poll(text, { timeout: 15_000 }).toMatch(/AAPL [\d.]+ live, account forbidden/);
  });
});
