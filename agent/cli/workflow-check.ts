/** `sallyport workflow check`: everything that is wrong with a file, or in one line what is in it. */
import { escapeLine } from "../escape.ts";
import type { Workflow } from "../workflow/step.ts";
import { failFile, readWorkflowFile } from "./workflow-file.ts";

/** Sets the exit status: 78 where something is wrong. */
export function checkWorkflow(file: string, { json }: { json: boolean }): void {
  const read = readWorkflowFile(file);
  if ("failure" in read) return failFile(file, read, { json });
  const { workflow } = read;
  const data = { kind: "workflow", ...summaryOf(workflow) };
  if (json) process.stdout.write(`${JSON.stringify({ v: 1, success: true, data, error: null })}\n`);
  else process.stdout.write(`${escapeLine(workflow.name)}: ${countsText(data)}\n`);
}

type Summary = { name: string; steps: number; inputs: number; sudoLocked: number; locked: number };

function summaryOf({ name, steps, inputs }: Workflow): Summary {
  return {
    name,
    steps: steps.length,
    inputs: inputs.length,
    sudoLocked: steps.filter(({ sudoLock }) => sudoLock).length,
    locked: steps.filter(({ locked }) => locked).length,
  };
}

function countsText({ steps, sudoLocked, locked }: Summary): string {
  const parts = [`${steps} step${steps === 1 ? "" : "s"}`];
  if (sudoLocked > 0) parts.push(`${sudoLocked} may use sudo`);
  if (locked > 0) parts.push(`${locked} locked`);
  return parts.join(", ");
}
