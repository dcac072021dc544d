import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const server = process.env.TAPECAST_URL ?? "http://127.0.0.1:8000";

export default defineConfig({
  // The page is served at `/` and under `/api/`, and behind whatever a proxy puts before them.
  base: "./",
  resolve: {
    // From its source: there is no build of it that could be older.
    alias: [
      { find: /^tapecast-client$/, replacement: here("../clients/js/src/index.ts") },
      { find: /^tapecast-client\/bars$/, replacement: here("../clients/js/src/bars/index.ts") },
      { find: /^tapecast-client\/words$/, replacement: here("../clients/js/src/words.ts") },
      { find: /^tapecast-client\/react$/, replacement: here("../clients/js/src/react/index.ts") },
    ],
    // The client's source has a React of its own next to it where its tests are installed.
    dedupe: ["react", "react-dom"],
  },
  build: {
    outDir: here("../src/tapecast/api/static"),
    emptyOutDir: true,
    // Nothing as a data: URL: the policy lets scripts and styles come from files alone.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // React's and the chart's licences want to go where the code goes.
    license: { fileName: "assets/licenses.md" },
    rolldownOptions: {
      // "use client" is for those who render on a server.
      onwarn: (warning, warn) => warning.code === "MODULE_LEVEL_DIRECTIVE" || warn(warning),
    },
  },
  server: { proxy: { "^/(stream|prices|bars|tickets|healthz|readyz)": server } },
});
