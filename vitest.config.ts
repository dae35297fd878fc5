import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/lab/start.ts"],
    // One lab host for each worker: a file has its host to itself while it runs.
    maxWorkers: 3,
    reporters: ["default", "./test/tally.ts"],
    // No test is about time: these only end what hangs, also where two cores do the work of eight.
    testTimeout: 120_000,
    hookTimeout: 240_000,
  },
});
