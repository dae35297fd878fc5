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
/** What must have become of steps that ran, a bit for each: of a thousand steps with many needs, sets would take seconds. */
type Facts = Readonly<Record<"success" | "failure", bigint>>;

const NOTHING: Facts = { success: 0n, failure: 0n };

/**
 * The ids of steps that cannot run. `locks`: whether a locked step holds back those that wait for it to have run;
 * without, only contradictory conditions count.
 */
export function impossible(
  steps: readonly Conditioned[],
  { locks }: { locks: boolean },
): Set<string> {
  const known = new Map<string, { facts: Facts | null; bit: bigint; held: boolean }>();
  for (const [at, step] of inNeedOrder(steps).entries()) {
    const ways = step.needs.map((id): Facts | null => {
      if (step.when === "always") return NOTHING;
      const { facts = null, bit = 0n, held = false } = known.get(id) ?? {};
      if (facts === null || held) return null;
      return joined([facts, { ...NOTHING, [step.when]: bit }]);
    });
    const facts = factsIn(step, ways);
    known.set(step.id, { facts, bit: 1n << BigInt(at), held: locks && step.locked });
  }
  return new Set([...known].flatMap(([id, { facts }]) => (facts === null ? [id] : [])));
}

function factsIn(
  { needs, when, join }: Conditioned,
  ways: readonly (Facts | null)[],
): Facts | null {
  // Nothing comes before it, so nothing can have failed.
  if (needs.length === 0) return when === "failure" ? null : NOTHING;
  const possible = ways.filter((way) => way !== null);
  if (join === "any") return possible.length === 0 ? null : possible.reduce(common);
  return possible.length < ways.length ? null : joined(possible);
}

/** All of them at once; null where two contradict each other. */
function joined(all: readonly Facts[]): Facts | null {
  let { success, failure } = NOTHING;
  for (const facts of all) {
    success |= facts.success;
    failure |= facts.failure;
  }
  return (success & failure) === 0n ? { success, failure } : null;
}

function common(one: Facts, other: Facts): Facts {
  return { success: one.success & other.success, failure: one.failure & other.failure };
}
