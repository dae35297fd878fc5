/** The words for what becomes of steps, on a row, in a line and at the end of a run. */
import { escapeBlock, escapeLine } from "../escape.ts";
import { durationText } from "../workflow/duration.ts";
import type { Executed } from "../workflow/execution.ts";
import type { PlannedStep } from "../workflow/plan.ts";
import type { FinalState, RunEnd } from "../workflow/state.ts";
import type { Tone } from "./screen-rows.ts";

export type StepEnd = Pick<Executed, "exitStatus" | "signal" | "reason" | "truncated"> & {
  state: FinalState;
  durationMs: number | null;
};

const TONES: Record<FinalState, Tone> = {
  succeeded: "good",
  skipped: "neutral",
  locked: "bad",
  failed: "bad",
  cancelled: "bad",
  "timed-out": "bad",
  denied: "bad",
};

export function toneOf(state: FinalState): Tone {
  return TONES[state];
}

/** `failed after 1.2s`. */
export function endWord({ state, durationMs }: Pick<StepEnd, "state" | "durationMs">): string {
  return durationMs === null || durationMs === 0
    ? state
    : `${state} after ${durationText(durationMs)}`;
}

/** Why, where the state alone does not say it. */
export function whyOf({ state, exitStatus, signal, reason, truncated }: StepEnd): string {
  const parts = [
    ...(exitStatus !== null && exitStatus !== 0 ? [`exit status ${exitStatus}`] : []),
    ...(signal === null ? [] : [`signal ${signal}`]),
    ...(reason === "" ? [] : [reason]),
    ...(truncated && state !== "skipped" ? ["its output is longer than what is kept"] : []),
  ];
  return parts.join(", ");
}

/** How deep each step stands: one more than the deepest that it needs, for the tree. */
export function depths(steps: readonly PlannedStep[]): Map<string, number> {
  const depth = new Map<string, number>();
  for (const { id, needs } of steps)
    depth.set(id, Math.max(0, ...needs.map((need) => (depth.get(need) ?? 0) + 1)));
  return depth;
}

export type Ended = { id: string; end: StepEnd; output: string };

export function recapText(
  run: { id: string; name: string },
  state: RunEnd,
  ends: readonly Ended[],
  durationMs: number,
): string {
  const counts = new Map<string, number>();
  for (const { end } of ends) counts.set(end.state, (counts.get(end.state) ?? 0) + 1);
  const told = [...counts].map(([word, number]) => `${number} ${word}`).join(", ");
  return `run ${run.id} of ${escapeLine(run.name)}: ${state} after ${durationText(durationMs)}: ${told}\n`;
}

/** Lines of a step that did not go well: the last ones tell most. */
const LAST_LINES = 20;

/** What steps that did not go well printed last, where it was not shown as it came. */
export function lastWords(ends: readonly Ended[]): string {
  return ends
    .filter(({ end, output }) => toneOf(end.state) === "bad" && output.trim() !== "")
    .map(({ id, output }) => {
      const lines = output.trimEnd().split("\n").slice(-LAST_LINES);
      return lines.map((line) => `${id} | ${escapeBlock(line.replace(/\r$/, ""))}\n`).join("");
    })
    .join("");
}
