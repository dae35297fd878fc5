import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/lab/start.ts"],
    // One lab host for each worker: a file has its host to itself while it runs.
    maxWorkers: 3,
    reporters: ["default", "./test/tally.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // What is polled for may be late on a machine with more to do.
    expect: { poll: { timeout: 20_000 } },
  },
});
