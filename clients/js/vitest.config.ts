import { defineConfig } from "vitest/config";

// Against a real server: processes, ports and seconds.
const real = { testTimeout: 45_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    // Those with a server wait most of the time.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: "unit",
          // A test that hangs ends, one on a busy machine does not.
          testTimeout: 60_000,
          include: ["tests/*.test.{ts,tsx}"],
          exclude: ["tests/{contract,browser}*.test.ts"],
        },
      },
      { test: { name: "contract", include: ["tests/contract*.test.ts"], ...real } },
      { test: { name: "browser", include: ["tests/browser.test.ts"], ...real } },
    ],
  },
});
