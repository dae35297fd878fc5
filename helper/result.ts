// Decides nothing: what acting on a request came to, before it becomes a record and a reply.
// If it were wrong, a failure could pass for a success.
import type { ErrorCode, Reply } from "../protocol/reply.ts";
import type { Outcome } from "./run.ts";

/** `reason` is for the audit log; the caller reads only `message`. */
export type Result = {
  outcome: Outcome | null;
  data: Reply["data"];
  error: { code: ErrorCode; message: string; reason: string } | null;
};

export type Refusal = Result & { error: NonNullable<Result["error"]> };

export function refused(code: ErrorCode, message: string, reason = message): Refusal {
  return { outcome: null, data: null, error: { code, message, reason } };
}

/** Success is by exit code alone, never by output. */
export function done(outcome: Outcome, data: Reply["data"] = null): Result {
  if (outcome.timedOut) return { ...refused("timeout", "the deadline passed"), outcome, data };
  if (outcome.exitCode === 0) return { outcome, data, error: null };
  const end = outcome.exitCode === null ? "a signal ended it" : `exit code ${outcome.exitCode}`;
  return { ...refused("failed", `the program failed: ${end}`), outcome, data };
}

export function told(data: Reply["data"]): Result {
  return { outcome: null, data, error: null };
}
