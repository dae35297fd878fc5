// The helper's answer: always exactly one JSON object per request, on one line.
import type { Verdict } from "./operation.ts";

/** Every way to fail, with the exit status of both programs. */
export const EXIT_STATUS = {
  failed: 1, // it ran and failed; `exitCode` is the program's
  usage: 64, // the request is malformed
  unavailable: 69, // the program needed is not there, or systemd is not running
  unsafe: 71, // the surroundings cannot be trusted: nothing was done
  internal: 71, // the helper failed, or the audit log could not be written; `audit` tells what began
  busy: 75, // a lock was not free in time
  not_allowed: 77, // not in the policy: nothing that could change the host was started
  grant_required: 77, // in the policy, but only with a person's grant
  not_root: 77, // started by somebody who is not root
  locked_down: 77, // an administrator has locked the helper down
  timeout: 124, // the deadline passed; the whole process tree was stopped
} as const;
export type ErrorCode = keyof typeof EXIT_STATUS;

type UnitState = Record<"LoadState" | "ActiveState" | "SubState" | "UnitFileState", string>;
/** Properties of a unit in systemd's own words; MainPID is 0 where it has no main process. */
export type ServiceData = { kind: "service"; unit: string; MainPID: number } & UnitState;
/** Versions are null where there is none. */
type Versions = Record<"installed" | "candidate", string | null>;
type PackageData = { kind: "package"; name: string; manager: string } & Versions;
/** By the words of a request as they stand in argv: "service stop nginx", "package update". */
export type Verdicts = Record<string, Verdict>;
/** The policy in force on this host: compiled in, narrowed by the administrator. */
export type PolicyData = { kind: "policy"; verdicts: Verdicts; policyHash: string };
/** Hashes are SHA-256 in hex: over bundle, policy and runtime; over the compiled-in policy as JSON. */
type VersionData = { kind: "version"; version: string; buildId: string; policyHash: string };
export type End = Pick<Reply, "exitCode" | "timedOut" | "durationMs"> & { code: string | null };
type Head = { seq: number; hash: string };
type Phase = { phase: "refused" | "begin" | "end"; argv: string[]; result: End | null };
/** One of the caller's own records; the administrator's reasons are left out. */
export type AuditEntry = { seq: number } & Record<"time" | "requestId" | "decision", string> &
  Phase;
/** The newest ones, oldest first; `head` is the last record of the whole log. */
export type AuditData = { kind: "audit"; records: AuditEntry[]; head: Head };

/** `exitCode` is null where no program ran or a signal ended it; `truncated`: a middle is left out. */
export type Reply = {
  v: 1;
  success: boolean;
  exitCode: number | null;
  stdout: string;
  stderr: string;
  truncated: boolean;
  timedOut: boolean;
  durationMs: number;
  requestId: string;
  data: ServiceData | PackageData | PolicyData | VersionData | AuditData | null;
  error: { code: ErrorCode; message: string } | null;
};

/** Lines of a session: a request; what a program has just said; nothing was read since the last reply. */
export type Asked = { argv: readonly string[]; stream?: boolean };
export type Said = { v: 1; requestId: string; stream: "stdout" | "stderr"; text: string };
export type Ended = { v: 1; end: string };
