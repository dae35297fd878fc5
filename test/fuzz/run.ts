/** One target, tried with one seed. */
import * as fc from "fast-check";
import type { Target } from "./target.ts";

/** `runs`: inputs tried at most; `ms`: for how long at most. Null where it held for all of them. */
export async function fuzz<Input>(
  { input, holds }: Target<Input>,
  { seed, runs, ms }: { seed: number; runs: number; ms: number },
): Promise<{ tried: number; failure: string | null }> {
  const details = (await fc.check(
    fc.asyncProperty(input, async (one) => {
      await holds(one);
    }),
    {
      seed,
      numRuns: runs,
      interruptAfterTimeLimit: ms,
      markInterruptAsFailure: false,
      endOnFailure: false,
    },
  )) as fc.RunDetails<[Input]>;
  if (!details.failed) return { tried: details.numRuns, failure: null };
  const { counterexample, errorInstance, numShrinks, counterexamplePath } = details;
  const shown = fc.stringify(counterexample?.[0]);
  const error = errorInstance instanceof Error ? errorInstance.stack : String(errorInstance);
  const place = `seed ${seed}, path ${counterexamplePath}, shrunk ${numShrinks} times`;
  return { tried: details.numRuns, failure: `${shown}\n${place}\n${error}` };
}
