import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["tests/*.test.{ts,tsx}"], exclude: ["tests/contract.test.ts"] } },
      // Against a real server: processes, ports and seconds.
      {
        test: {
          name: "contract",
          include: ["tests/contract.test.ts"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
