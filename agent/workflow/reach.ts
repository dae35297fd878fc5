/**
 * Which steps can never run, whatever happens. It follows what must have become of other steps for one to run; two such
 * facts that contradict each other are proof. Not every impossible step is found (of `join: any` only what all its ways
 * have in common is known), but none that could run is called impossible.
 */
import { inNeedOrder } from "./order.ts";
import type { Join, When } from "./step.ts";

type Conditioned = {
  id: string;
  needs: readonly string[];
  when: When;
  join: Join;
  locked: boolean;
};
/** What must have become of steps that ran. */
type Facts = ReadonlyMap<string, "success" | "failure">;

/**
 * The ids of steps that cannot run. `locks`: whether a locked step holds back those that wait for it to have run;
 * without, only contradictory conditions count.
 */
export function impossible(
  steps: readonly Conditioned[],
  { locks }: { locks: boolean },
): Set<string> {
  const factsOf = new Map<string, Facts | null>();
  const byId = new Map(steps.map((step) => [step.id, step]));
  for (const step of inNeedOrder(steps)) {
    const ways = [...new Set(step.needs)].map((id): Facts | null => {
      if (step.when === "always") return new Map();
      const facts = factsOf.get(id) ?? null;
      if (facts === null || (locks && byId.get(id)?.locked === true)) return null;
      return joined([facts, new Map([[id, step.when]])]);
    });
    factsOf.set(step.id, factsIn(step, ways));
  }
  return new Set([...factsOf].flatMap(([id, facts]) => (facts === null ? [id] : [])));
}

function factsIn(
  { needs, when, join }: Conditioned,
  ways: readonly (Facts | null)[],
): Facts | null {
  // Nothing comes before it, so nothing can have failed.
  if (needs.length === 0) return when === "failure" ? null : new Map();
  const possible = ways.filter((way) => way !== null);
  if (join === "any") return possible.length === 0 ? null : common(possible);
  return possible.length < ways.length ? null : joined(possible);
}

/** All of them at once; null where two contradict each other. */
function joined(all: readonly Facts[]): Facts | null {
  const sum = new Map<string, "success" | "failure">();
  for (const facts of all)
    for (const [id, fact] of facts) {
      if ((sum.get(id) ?? fact) !== fact) return null;
      sum.set(id, fact);
    }
  return sum;
}

function common([first = new Map(), ...others]: readonly Facts[]): Facts {
  return new Map(
    [...first].filter(([id, fact]) => others.every((facts) => facts.get(id) === fact)),
  );
}
