/** How a step that waits for a grant says for which: the same words are shown, remembered and understood again. */
import type { RunRecord, StepRecord } from "./record.ts";

export function grantWait(id: string): string {
  return `a person must grant it: sallyport approve ${id}`;
}

/** The ids of the grants that a run waits for. */
export function awaitedGrants(steps: readonly Pick<StepRecord, "id" | "state" | "reason">[]) {
  return steps.flatMap(({ id: step, state, reason }) => {
    const [, id] = /^a person must grant it: sallyport approve ([0-9a-f]{32})$/.exec(reason) ?? [];
    return state === "waiting" && id !== undefined ? [{ step, id }] : [];
  });
}

/** Whether a process has begun a run and left it to a person: of what nobody has begun no step says why it waits. */
export function isPaused(steps: readonly Pick<StepRecord, "state" | "reason">[]): boolean {
  return steps.some(({ state, reason }) => state === "waiting" && reason !== "");
}

/** What a person runs, on a terminal, for a run to go on; null: nothing. */
export function nextCommand(
  { id, state }: Pick<RunRecord, "id" | "state">,
  steps: readonly Pick<StepRecord, "state" | "reason">[],
): string | null {
  if (state === "waiting" && !isPaused(steps)) return `sallyport unlock ${id}`;
  return state === "interrupted" || state === "waiting" ? `sallyport run --resume ${id}` : null;
}
