/** The same inputs in every run: what `npm run fuzz` tries with fresh ones, for longer. */
import { expect, test } from "vitest";
import { fuzz } from "./run.ts";
import type { Target } from "./target.ts";
import { TARGETS } from "./targets.ts";

const SEED = 20_261_125;
/** A few seconds each. */
const RUNS: Record<keyof typeof TARGETS, number> = {
  request: 20_000,
  session: 2000,
  inventory: 800,
  workflow: 1000,
  mcp: 2000,
  risk: 6000,
  audit: 4000,
};

test.each(Object.entries(RUNS))("%s holds for %d inputs", async (name, runs) => {
  const target = TARGETS[name as keyof typeof TARGETS] as Target<unknown>;
  // A machine that is too slow for them is no reason to have tried none.
  const { tried, failure } = await fuzz(target, { seed: SEED, runs, ms: 30_000 });
  expect(failure).toBeNull();
  expect(tried).toBeGreaterThan(runs / 20);
});

test("what breaks a promise is found, shrunk, and told with its seed", async () => {
  const { input } = TARGETS.request;
  const holds = (words: string[]): void => {
    if (words.includes("reboot") || words.length > 3) throw new Error("broken");
  };
  const { failure } = await fuzz({ input, holds }, { seed: 1, runs: 1000, ms: 10_000 });
  expect(failure).toMatch(
    /^\["\w+","\w+","\w+","\w+"\]\nseed 1, path [\d:]+, shrunk \d+ times\nError: broken/,
  );
});
