// How many bytes a page loads: bundled, minified, gzipped. Fails above the limit.

import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const LIMIT = 6.25 * 1024;
const HOOKS =
  "TapecastProvider, useMarketStream, usePrice, useSymbols, usePositions, useOrders, useStreamStatus, useClient";

for (const [name, code, limit] of [
  ["connect", 'export { connect } from "./src/index.ts"', LIMIT],
  ["connect, fetchTransport", 'export { connect, fetchTransport } from "./src/index.ts"', LIMIT + 768],
  ["bars", 'export { bars } from "./src/bars/index.ts"', LIMIT + 768],
  ["words", 'export * from "./src/words.ts"', 2.5 * 1024],
  ["react, no bars", `export { ${HOOKS} } from "./src/react/index.ts"`, LIMIT + 1.75 * 1024],
  ["react", 'export * from "./src/react/index.ts"', LIMIT + 3.25 * 1024],
]) {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: "." },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    external: ["react"],
    write: false,
  }).catch(() => ({ outputFiles: [] }));
  const [file] = outputFiles;
  if (!file) throw new Error(`${name} cannot be bundled`);
  const size = gzipSync(file.contents, { level: 9 }).length;
  console.log(`${name}: ${size} bytes gzipped, ${file.contents.length} minified (limit ${limit})`);
  if (size > limit) process.exitCode = 1;
}
