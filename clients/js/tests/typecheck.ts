// Whether what a server sent is what the types say: each event becomes an object literal of its type, and the
// compiler looks at them. It knows of fields that the type does not name, of those that are missing, and of values.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const OPTIONS = "--noEmit --strict --exactOptionalPropertyTypes --skipLibCheck --target es2022 --types";

/** An event's name, and its data as they came. */
export type Sample = readonly [name: string, data: string];

const OF = `import type { WireEvents } from ${path("src/types.js")};
import type { BarsEvents } from ${path("src/bars/types.js")};
type Events = WireEvents & BarsEvents;
`;

function path(file: string): string {
  return JSON.stringify(join(ROOT, file));
}

/** What the compiler has to say, a line each; nothing when all is well. */
export function complaints(samples: readonly Sample[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), "tapecast-types-"));
  try {
    const file = join(folder, "samples.ts");
    const literals = samples.map(
      ([name, data], index) => `export const sample${index}: Events["${name}"] = ${data};`,
    );
    writeFileSync(file, OF + literals.join("\n"));
    const { stdout, error } = spawnSync(
      join(ROOT, "node_modules/.bin/tsc"),
      [
        ...OPTIONS.split(" "),
        "node",
        "--typeRoots",
        join(ROOT, "node_modules/@types"),
        "--pretty",
        "false",
        file,
      ],
      { cwd: folder, encoding: "utf8", timeout: 60_000 },
    );
    if (error) throw error;
    return stdout.split("\n").filter((line) => line && !line.startsWith(" "));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
