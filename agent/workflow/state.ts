/** What becomes of steps and runs. */
import type { When } from "./step.ts";

export const STEP_STATES = [
  "waiting",
  "running",
  "succeeded",
  "failed",
  "cancelled",
  "timed-out",
  "denied",
  "skipped",
  "locked",
] as const;
export type StepState = (typeof STEP_STATES)[number];
export type FinalState = Exclude<StepState, "waiting" | "running">;

/** `waiting`: for a person to unlock it, or to grant a step of it; `interrupted`: the process that ran it is gone. */
export const RUN_STATES = [
  "waiting",
  "running",
  "interrupted",
  "succeeded",
  "failed",
  "cancelled",
  "timed-out",
  "denied",
  "locked",
] as const;
export type RunState = (typeof RUN_STATES)[number];
export type FinalRunState = Exclude<RunState, "waiting" | "running" | "interrupted">;

/** How a process leaves a run: over, or until a person has granted something. */
export type RunEnd = FinalRunState | "waiting";

export function isFinal(state: StepState): state is FinalState {
  return state !== "waiting" && state !== "running";
}

export function isOver(state: RunState): state is FinalRunState {
  return state !== "waiting" && state !== "running" && state !== "interrupted";
}

/** Whether what became of a need is what a step waits for. A locked one neither succeeded nor failed: it never ran. */
export function fires(state: FinalState, when: When): boolean {
  switch (when) {
    case "success":
      return state === "succeeded";
    case "failure":
      // What was denied is not worked around.
      return state === "failed" || state === "timed-out";
    case "always":
      return true;
    default:
      return when satisfies never;
  }
}

/** The worst first: whatever else went well, a run is what its worst step is. A skipped step is nobody's fault. */
const WORST = ["cancelled", "locked", "denied", "timed-out", "failed"] as const;

export function runStateOf(states: Iterable<FinalState>): FinalRunState {
  const all = new Set(states);
  return WORST.find((state) => all.has(state)) ?? "succeeded";
}

/** Exit statuses of `sallyport run`. */
export const RUN_STATUS: Record<RunEnd, number> = {
  succeeded: 0,
  failed: 1,
  waiting: 75,
  denied: 77,
  "timed-out": 124,
  locked: 126,
  cancelled: 130,
};
