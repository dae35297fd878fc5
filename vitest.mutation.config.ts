/** The tests that kill mutants: those that see helper/, sudoers/ and protocol/ in their own process. */
import { defineConfig } from "vitest/config";
import { MUTATED } from "./test/mutation/groups.ts";

export default defineConfig({
  test: {
    include: process.env["MUTATE_TESTS"]?.split(" ") ?? MUTATED.flatMap(({ tests }) => tests),
    setupFiles: ["test/mutation/own-folders.ts"],
    // They share the folders of one mount namespace.
    fileParallelism: false,
    testTimeout: 60_000,
  },
});
