import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    // Nothing is written into the home of whoever runs the tests.
    env: { BLINDSPOT_CACHE: "off" },
  },
});
