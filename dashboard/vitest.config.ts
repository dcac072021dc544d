import { mergeConfig } from "vite";
import { defineConfig } from "vitest/config";
import build from "./vite.config.js";

export default mergeConfig(
  build,
  defineConfig({ test: { environment: "jsdom", include: ["tests/**/*.test.{ts,tsx}"] } }),
);
