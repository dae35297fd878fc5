/** What a process that is gone had begun and not ended. */
import { isRead } from "../client.ts";
import type { Plan, PlannedStep } from "./plan.ts";
import type { StepRecord } from "./record.ts";

/** `doubtful`: they may have changed something as root, and only a person can say whether to do it again. */
export function begunSteps(
  { steps }: Pick<Plan, "steps">,
  records: readonly StepRecord[],
): { again: PlannedStep[]; doubtful: PlannedStep[] } {
  const running = new Set(records.flatMap(({ id, state }) => (state === "running" ? [id] : [])));
  const begun = steps.filter(({ id }) => running.has(id));
  return {
    again: begun.filter((step) => !mayHaveChanged(step)),
    doubtful: begun.filter(mayHaveChanged),
  };
}

function mayHaveChanged({ via, act }: PlannedStep): boolean {
  return (
    via === "terminal" || via === "unsandboxed" || (act.kind === "request" && !isRead(act.request))
  );
}
