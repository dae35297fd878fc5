/** A short soak in the suite; `npm run soak -- --minutes 10` is a longer one. */
import { beforeAll, expect, test } from "vitest";
import { describeInLab } from "../lab/host.ts";
import { builtDeb } from "../packaging/deb.ts";
import { choices } from "./choices.ts";
import { faultOf } from "./faults.ts";
import { planOf } from "./operations.ts";
import { violationsOf } from "./report.ts";
import { soak } from "./run.ts";

const SEED = 9;

test("a seed gives the same choices in the same order, and another gives others", () => {
  const chosen = (seed: number): string[] => {
    const choose = choices(seed, 0);
    return Array.from({ length: 200 }, (_, at) => {
      const [plan, fault] = [planOf(choose, String(at)), faultOf(choose)];
      return `${plan.kind} ${plan.text} ${fault.kind} ${fault.text}`;
    });
  };
  expect(chosen(SEED)).toEqual(chosen(SEED));
  expect(chosen(SEED)).not.toEqual(chosen(SEED + 1));
});

describeInLab("a short soak", () => {
  beforeAll(() => void builtDeb(), 300_000);

  test(
    "everything is asked for while everything breaks, and all that was promised holds",
    { timeout: 120_000 },
    async () => {
      const { signal } = new AbortController();
      const soaked = await soak({
        seed: SEED,
        ms: 25_000,
        plans: 8,
        hosts: 1,
        lanes: 2,
        print: () => {},
        signal,
      });
      expect(violationsOf(soaked, SEED)).toBe("");
      const [faults, plans] = [true, false].map((kind) =>
        Object.entries(soaked.counts)
          .filter(([name]) => name.startsWith("fault") === kind)
          .reduce((sum, [, count]) => sum + count, 0),
      );
      expect(plans, "a busy machine does less").toBeGreaterThan(5);
      expect(faults).toBeGreaterThan(0);
      expect(soaked.story.claims.length).toBeGreaterThan(2);
    },
  );
});
