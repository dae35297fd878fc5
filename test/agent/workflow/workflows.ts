/** Workflows and plans for tests, written as short as a test needs them. */
import { makePlan, type Plan } from "../../../agent/workflow/plan.ts";
import { readWorkflow } from "../../../agent/workflow/read.ts";
import type { Workflow } from "../../../agent/workflow/step.ts";

const PLACE = {
  user: { uid: 1000, name: "agent" },
  host: { name: "h1", machine: "0123" },
  cwd: "/srv",
};

/** Throws what is wrong with it. */
export function workflowIn(source: string): Workflow {
  const read = readWorkflow(source);
  if ("problems" in read) throw new Error(JSON.stringify(read.problems));
  return read.workflow;
}

/** `steps`: one each, as in a flow map: `id: a, needs: [b]`; each runs `true`. */
export function planOf(...steps: string[]): Plan {
  const lines = steps.map((step) => `  - { run: "true", ${step} }\n`).join("");
  return planIn(`name: test\nsteps:\n${lines}`);
}

export function planIn(source: string, inputs: Record<string, string> = {}): Plan {
  return makePlan(workflowIn(source), new Map(Object.entries(inputs)), PLACE);
}
