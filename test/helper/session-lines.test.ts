/** The session's reader against bytes that were made up: few of them, for it is fuzzed elsewhere. */
import { expect, test } from "vitest";
import { fuzz } from "../fuzz/run.ts";
import { sessionLines } from "../fuzz/targets/session.ts";

test("every line is one request or none, and has its own number", async () => {
  const limits = { seed: 7, runs: 400, ms: 20_000 };
  expect((await fuzz(sessionLines, limits)).failure).toBeNull();
});
