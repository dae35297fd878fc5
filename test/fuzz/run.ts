/** One target, tried with one seed. */
import * as fc from "fast-check";
import type { Target } from "./target.ts";

/** Characters of a counterexample; its path brings back all of it. */
const SHOWN = 4000;

/** `path`: of one input, as it was told; `runs`: inputs tried at most; `ms`: for how long at most. Null where it held for all of them. */
export async function fuzz<Input>(
  { input, holds }: Target<Input>,
  { seed, path = "", runs, ms }: { seed: number; path?: string; runs: number; ms: number },
): Promise<{ tried: number; failure: string | null }> {
  const details = (await fc.check(
    fc.asyncProperty(input, async (one) => {
      await holds(one);
    }),
    {
      seed,
      path,
      numRuns: runs,
      interruptAfterTimeLimit: ms,
      markInterruptAsFailure: false,
      endOnFailure: false,
    },
  )) as fc.RunDetails<[Input]>;
  if (!details.failed) return { tried: details.numRuns, failure: null };
  const { counterexample, errorInstance, numShrinks, counterexamplePath } = details;
  const whole = fc.stringify(counterexample?.[0]);
  const shown = whole.length > SHOWN ? `${whole.slice(0, SHOWN)}…` : whole;
  const error = errorInstance instanceof Error ? errorInstance.stack : String(errorInstance);
  const place = `seed ${seed}, path ${counterexamplePath}, shrunk ${numShrinks} times`;
  return { tried: details.numRuns, failure: `${shown}\n${place}\n${error}` };
}
