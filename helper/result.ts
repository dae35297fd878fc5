// Decides nothing: what acting on a request came to, before it becomes a record and a reply.
// If it were wrong, a failure could pass for a success.
import type { ErrorCode, Reply } from "../protocol/reply.ts";

/** What a program came to. */
export type Outcome = Pick<Reply, "exitCode" | "stdout" | "stderr" | "truncated" | "timedOut">;
/** `reason` is for the audit log; the caller reads only `message`. */
type Problem = { code: ErrorCode; message: string; reason: string };
export type Result = { outcome: Outcome; data: Reply["data"]; error: Problem | null };
export type Refusal = Result & { error: Problem };

/** Success is by exit code alone, never by output. */
export function done(outcome: Outcome, data: Reply["data"] = null): Result {
  if (outcome.timedOut) return { ...refused("timeout", "the deadline passed"), outcome, data };
  if (outcome.exitCode === 0) return { outcome, data, error: null };
  const end = outcome.exitCode === null ? "a signal ended it" : `exit code ${outcome.exitCode}`;
  return { ...refused("failed", `the program failed: ${end}`), outcome, data };
}

/** No program ran. */
export function told(data: Reply["data"]): Result {
  const outcome = { exitCode: null, stdout: "", stderr: "", truncated: false, timedOut: false };
  return { outcome, data, error: null };
}

export function refused(code: ErrorCode, message: string, reason = message): Refusal {
  return { ...told(null), error: { code, message, reason } };
}
