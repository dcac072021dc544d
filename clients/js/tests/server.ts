// A real tapecast with simulated prices for the contract tests: TAPECAST_URL names one that runs, TAPECAST_PYTHON
// an interpreter that has it; else that of the repository's .venv, if it is there.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";

const OURS = fileURLToPath(new URL("../../../.venv/bin/python", import.meta.url));

export const python = process.env.TAPECAST_PYTHON ?? (existsSync(OURS) ? OURS : undefined);
export const runningUrl = process.env.TAPECAST_URL?.replace(/\/+$/, "");

/** A free one below those that systems give to clients: while its server is away, none of them takes it. */
export async function freePort(): Promise<number> {
  while (true) {
    const port = 10_000 + Math.floor(12_000 * Math.random());
    const server = createServer().listen(port, "127.0.0.1");
    const isFree = await once(server, "listening").then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}

/** `tapecast up` on a port of its own. */
export class Server {
  #process: ChildProcess | undefined;

  constructor(
    readonly port: number,
    private readonly settings: Record<string, string> = {},
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    if (!python) throw new Error("no python");
    const env = {
      PATH: process.env.PATH ?? "",
      HOME: "/nonexistent",
      // A machine that stands still for seconds is no silence of ours.
      KEEPALIVE_S: "5",
      FEED: "simulated",
      ...this.settings,
    };
    this.#process = spawn(python, ["-m", "tapecast", "up", "--port", String(this.port)], {
      env,
      stdio: "ignore",
    });
    for (let tries = 0; tries < 600; tries += 1) {
      if (this.#process.exitCode !== null) throw new Error(`tapecast ended with ${this.#process.exitCode}`);
      const isReady = await fetch(`${this.url}/readyz`)
        .then((response) => response.ok)
        .catch(() => false);
      if (isReady) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error("tapecast is not ready after 60 seconds");
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }
}
