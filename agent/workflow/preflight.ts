/** Why a plan is not begun: known before anything runs. */
import { decidedByText, readSettled, ruling, type Ruling } from "../grants/settings.ts";
import type { CodeObstacle } from "./code-preflight.ts";
import type { Executors } from "./execution.ts";
import type { Plan, PlannedStep } from "./plan.ts";

export type Obstacle =
  /** Nothing here can enclose them. */
  | { kind: "unsandboxed"; steps: readonly PlannedStep[] }
  /** They ask for what root has settled that nobody can grant. */
  | { kind: "not_allowed"; steps: readonly PlannedStep[]; decidedBy: string }
  /** They would be outside of a sandbox as root, whom nothing could be granted that it has not. */
  | { kind: "roots_own"; steps: readonly PlannedStep[] }
  /** Their code is, by the rules of this host. */
  | CodeObstacle
  /** Nothing here has terminals for them. */
  | { kind: "no_terminals"; steps: readonly PlannedStep[] };

/** Why root's step is not run (lowercase, no period). */
export const ROOTS_OWN = "root's own steps are not run outside of a sandbox";

/** `root`: whether this process is root's. */
export type Available = { terminals: boolean; sandbox: Executors["sandbox"]; root: boolean };

const KINDS = {
  terminal: "sudo",
  sandbox: "sandboxed",
  unsandboxed: "unsandboxed",
  helper: "guarded",
} as const;

/** What root has settled about a step; denied for good where that is unclear. Read once for all of them. */
export function stepRulings(settled = readSettled()): (step: PlannedStep) => Ruling {
  return ({ via, act }) => {
    const operation = act.kind === "code" ? act.language : "run";
    return ruling(settled, KINDS[via], operation);
  };
}

/** Those that will run if it comes to them: not what cannot be reached, nor what is locked. */
export function runnable({ steps }: Pick<Plan, "steps">): PlannedStep[] {
  return steps.filter(({ reachable, locked }) => reachable && !locked);
}

/** Null: it may begin. */
export function obstacleTo(
  plan: Pick<Plan, "steps">,
  there: Available,
  rulingOn = stepRulings(),
): Obstacle | null {
  const runs = runnable(plan);
  const ruled = runs
    .filter(({ via }) => via !== "helper")
    .map((step) => ({ step, ...rulingOn(step) }));
  const never = ruled.filter(({ verdict }) => verdict === "never");
  if (never[0] !== undefined) {
    const decidedBy = decidedByText(never[0].decidedBy);
    return { kind: "not_allowed", steps: never.map(({ step }) => step), decidedBy };
  }
  const outside = runs.filter(({ via }) => via === "unsandboxed");
  if (outside.length > 0 && there.root) return { kind: "roots_own", steps: outside };
  const enclosed = runs.filter(({ via }) => via === "sandbox");
  if (enclosed.length > 0 && there.sandbox === null)
    return { kind: "unsandboxed", steps: enclosed };
  const privileged = runs.filter(({ via }) => via === "terminal");
  if (privileged.length > 0 && !there.terminals) return { kind: "no_terminals", steps: privileged };
  return null;
}
