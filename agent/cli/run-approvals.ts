/** `sallyport run --approve STEP`: the person who starts a run decides about a step of it, as `sallyport approve` does. */
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { findApprover } from "../grants/approver.ts";
import type { Plan } from "../workflow/plan.ts";
import type { Unsandboxed } from "../workflow/unsandboxed-steps.ts";
import { unsafe } from "./as-root.ts";
import { onTerminal, runElevated } from "./elevate.ts";
import type { Failure } from "./errors.ts";
import { usage } from "./run-words.ts";

/** Why nobody could decide about those steps here, or null. */
export function approvalFlaw(
  { steps }: Pick<Plan, "steps">,
  { approve = [], input }: { approve?: readonly string[]; input?: boolean },
): Failure | null {
  const outside = new Set(steps.flatMap(({ id, via }) => (via === "unsandboxed" ? [id] : [])));
  const other = approve.find((id) => !outside.has(id));
  if (other !== undefined)
    return usage(`--approve takes a step that is to run outside of the sandbox, not ${other}`);
  if (approve.length === 0) return null;
  if (!onTerminal() || input === false)
    return {
      code: "not_a_terminal",
      cause: "--approve asks a person, and there is no terminal to ask on",
      hint: "sallyport pending",
      status: EXIT_STATUS.not_root,
    };
  const approver = findApprover();
  if (approver.kind !== "unsafe") return null;
  return unsafe(approver.flaw, ["pending"]);
}

/** Shows the facts and asks as root, behind the person's own password. */
export function approvals(steps: readonly string[]): Unsandboxed["decide"] {
  return async (step, id) =>
    steps.includes(step) && (await runElevated(["approve", "--", id])) === 0;
}
