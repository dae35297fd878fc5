/** Whether root has settled that nobody may grant something that waits. */
import { decidedByText, readSettled, ruling, STEP_OPERATIONS, type Ruling } from "./settings.ts";

/** The line that says so, or why nothing can be relied on; null where a person may decide. */
export function settledAgainst(subject: string): string | null {
  const { verdict, decidedBy } = rulingOn(subject);
  return verdict === "never" ? decidedByText(decidedBy) : null;
}

/** A subject is a step's facts as JSON, or the words of a guarded request. */
function rulingOn(subject: string): Ruling {
  const settled = readSettled();
  if (!subject.startsWith("{")) return ruling(settled, "guarded", subject);
  const { language } = JSON.parse(subject) as { language?: unknown };
  const operation = STEP_OPERATIONS.find((one) => one === language) ?? "run";
  return ruling(settled, "unsandboxed", operation);
}
