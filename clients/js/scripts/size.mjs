// How many bytes a page loads for the core: bundled, minified, gzipped. Fails above the limit.

import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const LIMIT = 6 * 1024;

for (const [name, entry, limit] of [
  ["core", "src/index.ts", LIMIT],
  ["react", "src/react/index.ts", LIMIT + 2 * 1024],
]) {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    external: ["react"],
    write: false,
  }).catch(() => ({ outputFiles: [] }));
  const [file] = outputFiles;
  if (!file) throw new Error(`${entry} cannot be bundled`);
  const size = gzipSync(file.contents, { level: 9 }).length;
  console.log(`${name}: ${size} bytes gzipped, ${file.contents.length} minified (limit ${limit})`);
  if (size > limit) process.exitCode = 1;
}
