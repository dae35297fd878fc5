/** The same orders of wishes, decisions and uses in every run: what `npm run fuzz` tries with fresh ones, for longer. */
import { expect, test } from "vitest";
import { fuzz } from "../../fuzz/run.ts";
import { grants } from "../../fuzz/targets/grants.ts";

test("whatever is asked, decided and used in whatever order, what is granted is what a person granted", async () => {
  const { tried, failure } = await fuzz(grants, { seed: 20_261_125, runs: 200, ms: 15_000 });
  expect(failure).toBeNull();
  expect(tried).toBeGreaterThan(20);
});
