/** Steps in the order of their needs. */
type Needing = { id: string; needs: readonly string[] };

/** Each after those that it needs, and otherwise as they stand. There must be no cycle. */
export function inNeedOrder<Step extends Needing>(steps: readonly Step[]): Step[] {
  const open = new Map(steps.map((step) => [step.id, new Set(step.needs).size]));
  const dependents = dependentsOf(steps);
  const byId = new Map(steps.map((step) => [step.id, step]));
  const ready = steps.filter(({ needs }) => needs.length === 0);
  // A loop over a list that grows: each step enters once, when its last need has.
  for (const { id } of ready)
    for (const dependent of dependents.get(id) ?? []) {
      const left = (open.get(dependent) ?? 0) - 1;
      open.set(dependent, left);
      const step = byId.get(dependent);
      if (left === 0 && step !== undefined) ready.push(step);
    }
  return ready;
}

/** Which steps need a step. */
export function dependentsOf(steps: readonly Needing[]): ReadonlyMap<string, readonly string[]> {
  const dependents = new Map<string, string[]>();
  for (const { id, needs } of steps)
    for (const need of new Set(needs)) {
      const before = dependents.get(need);
      if (before === undefined) dependents.set(need, [id]);
      else before.push(id);
    }
  return dependents;
}

/** The ids of one circle, each needing the next; null if there is none. */
export function cycleIn(steps: readonly Needing[]): string[] | null {
  const ordered = new Set(inNeedOrder(steps).map(({ id }) => id));
  const left = new Map(steps.filter(({ id }) => !ordered.has(id)).map((step) => [step.id, step]));
  const trail: string[] = [];
  // Every step that is left needs another that is: walking on must come back.
  let at = [...left.keys()][0];
  while (at !== undefined && !trail.includes(at)) {
    trail.push(at);
    at = left.get(at)?.needs.find((need) => left.has(need));
  }
  return at === undefined ? null : [...trail.slice(trail.indexOf(at)), at];
}
