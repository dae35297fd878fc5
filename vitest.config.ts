import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/lab/start.ts"],
    // One lab host for each worker: a file has its host to itself while it runs.
    maxWorkers: 3,
    reporters: ["default", "./test/tally.ts"],
    // Not figures: how long a test may stand on a slow machine before it is given up.
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});
