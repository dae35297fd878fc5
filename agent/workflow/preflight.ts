/** Why a plan is not begun: known before anything runs. */
import type { Executors } from "./execution.ts";
import type { Plan, PlannedStep } from "./plan.ts";

export type Obstacle =
  /** Nothing here can enclose them. */
  | { kind: "unsandboxed"; steps: readonly PlannedStep[] }
  /** They ask to run outside of a sandbox, which only a person can grant. */
  | { kind: "grant_required"; steps: readonly PlannedStep[] }
  /** Nothing here has terminals for them. */
  | { kind: "no_terminals"; steps: readonly PlannedStep[] };

export type Available = { terminals: boolean; sandbox: Executors["sandbox"] };

/** Null: it may begin. Steps that cannot be reached, and locked ones, do not count. */
export function obstacleTo({ steps }: Pick<Plan, "steps">, there: Available): Obstacle | null {
  const runs = steps.filter(({ reachable, locked }) => reachable && !locked);
  const unenclosed = runs.filter(({ via, sandbox }) => via === "sandbox" && !sandbox);
  if (unenclosed.length > 0) return { kind: "grant_required", steps: unenclosed };
  const enclosed = runs.filter(({ via }) => via === "sandbox");
  if (enclosed.length > 0 && there.sandbox === null)
    return { kind: "unsandboxed", steps: enclosed };
  const privileged = runs.filter(({ via }) => via === "terminal");
  if (privileged.length > 0 && !there.terminals) return { kind: "no_terminals", steps: privileged };
  return null;
}
