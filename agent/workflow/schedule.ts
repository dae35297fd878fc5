/** Which steps are next: a state machine without clocks or programs, so that it can be tried with any graph. */
import { dependentsOf } from "./order.ts";
import { fires, isFinal, type FinalState, type StepState } from "./state.ts";
import type { Step } from "./step.ts";

type Scheduled = Pick<Step, "id" | "needs" | "when" | "join" | "locked">;

export type Schedule = {
  /** The next step that may begin, or null; it counts as running from then on. */
  take(): string | null;
  /** What became of it. Steps that nothing can start any more are skipped or locked, and so on behind them. */
  settle(id: string, state: FinalState): void;
  stateOf(id: string): StepState;
  /** Those that have not begun are cancelled. */
  cancel(): void;
};

/** `before`: what became of steps in an earlier process. `settled`: told of every step that is over, in order. */
export function schedule(
  steps: readonly Scheduled[],
  before: ReadonlyMap<string, FinalState>,
  settled: (id: string, state: FinalState) => void,
): Schedule {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const dependents = dependentsOf(steps);
  const states = new Map<string, StepState>(
    steps.map(({ id }) => [id, before.get(id) ?? "waiting"]),
  );
  const ready: string[] = [];
  const queued = new Set<string>();
  const stateOf = (id: string): StepState => states.get(id) ?? "waiting";

  function look(step: Scheduled): FinalState | null {
    if (stateOf(step.id) !== "waiting" || queued.has(step.id)) return null;
    const verdict = verdictOf(step, stateOf);
    if (verdict === "skip") return "skipped";
    if (verdict === "wait") return null;
    if (step.locked) return "locked";
    queued.add(step.id);
    ready.push(step.id);
    return null;
  }
  function settle(first: string, state: FinalState): void {
    const over: [string, FinalState][] = [[first, state]];
    for (let next = over.shift(); next !== undefined; next = over.shift()) {
      const [id, end] = next;
      if (id !== first && stateOf(id) !== "waiting") continue;
      states.set(id, end);
      settled(id, end);
      for (const dependent of dependents.get(id) ?? []) over.push(...looked(dependent));
    }
  }
  function looked(id: string): [string, FinalState][] {
    const step = byId.get(id);
    const end = step === undefined ? null : look(step);
    return end === null ? [] : [[id, end]];
  }

  for (const { id } of steps) for (const [over, end] of looked(id)) settle(over, end);
  return {
    take() {
      const id = ready.shift() ?? null;
      if (id !== null) states.set(id, "running");
      return id;
    },
    settle,
    stateOf,
    cancel() {
      ready.length = 0;
      for (const { id } of steps)
        if (stateOf(id) === "waiting") {
          states.set(id, "cancelled");
          settled(id, "cancelled");
        }
    },
  };
}

function verdictOf(
  { needs, when, join }: Scheduled,
  stateOf: (id: string) => StepState,
): "run" | "skip" | "wait" {
  // Nothing comes before it, so nothing can have failed.
  if (needs.length === 0) return when === "failure" ? "skip" : "run";
  let [open, fired] = [0, 0];
  for (const need of needs) {
    const state = stateOf(need);
    if (!isFinal(state)) open += 1;
    else if (fires(state, when)) fired += 1;
    else if (join === "all") return "skip";
  }
  if (join === "any" && fired > 0) return "run";
  if (open > 0) return "wait";
  return fired === needs.length ? "run" : "skip";
}
