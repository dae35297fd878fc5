/** Code of steps is looked at before the run: what the rules of this host refuse would be refused when its turn comes. */
import type { Examined } from "../sandbox/examine.ts";
import type { HostSandboxes } from "../sandbox/host-sandboxes.ts";
import type { Plan, PlannedStep } from "./plan.ts";
import { runnable } from "./preflight.ts";

export type CodeObstacle = {
  kind: "code_refused";
  steps: readonly PlannedStep[];
  /** Of the first of them. */
  examined: Examined;
};

/**
 * Null: none is refused, or nothing here could look. That is told when the step's turn comes; it is looked at then in
 * any case.
 */
export async function refusedCode(
  plan: Pick<Plan, "steps">,
  sandboxes: Pick<HostSandboxes, "look"> | null,
): Promise<CodeObstacle | null> {
  if (sandboxes === null) return null;
  const refused: { step: PlannedStep; examined: Examined }[] = [];
  for (const step of runnable(plan)) {
    if (step.via !== "sandbox" || step.act.kind !== "code") continue;
    const examined = await sandboxes.look(step.act, null);
    if (!("kind" in examined) && examined.refused) refused.push({ step, examined });
  }
  const [first] = refused;
  if (first === undefined) return null;
  const { examined } = first;
  return { kind: "code_refused", steps: refused.map(({ step }) => step), examined };
}
