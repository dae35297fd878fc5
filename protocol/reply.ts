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
/** In force on this host, by the words of a request: "service stop nginx", "package update". */
export type Verdicts = Record<string, Verdict>;
export type PolicyData = { kind: "policy"; verdicts: Verdicts; policyHash: string };
/** Hashes are SHA-256 in hex: over bundle, policy and runtime; over the compiled-in policy as JSON. */
type VersionData = { kind: "version" } & Record<"version" | "buildId" | "policyHash", string>;
export type End = Pick<Reply, "exitCode" | "timedOut" | "durationMs"> & { code: string | null };
type Phases = "refused" | "begin" | "end" | "note"; // a note is of a grant or of a report
type Phase = { seq: number; phase: Phases; argv: string[]; result: End | null };
/** One of the caller's own records, without the administrator's reasons. */
export type AuditEntry = Phase & Record<"time" | "requestId" | "decision", string>;
type Head = { seq: number; hash: string };
/** The newest ones, oldest first; `head` is the last record of the whole log. */
export type AuditData = { kind: "audit"; records: AuditEntry[]; head: Head };

/** While it is there, whatever it is, nothing is done. */
export const LOCKDOWN = "/var/lib/sallyport/lockdown";
/** With a file of root's for each wish, `UID-ID`. */
export const GRANTS = "/var/lib/sallyport/grants";
type Stands = { stands: "pending" | "denied" | "granted"; uses: number; by: number | null };
/** It stands while that boot of the kernel has lasted less than `until` seconds: no clock can be set back. */
export type Grant = Stands & { uid: number; until: number } & Wish;
type Wish = Record<"id" | "subject" | "claim" | "asked" | "boot" | "reason", string>;
type GrantData = { kind: "grant"; grants: Grant[] };
type Data = ServiceData | PackageData | PolicyData | VersionData | AuditData | GrantData;
type Texts = Record<"stdout" | "stderr" | "requestId", string>;
type Flags = Record<"success" | "truncated" | "timedOut", boolean>;
type Answer = { v: 1; exitCode: number | null; durationMs: number; data: Data | null } & Failure;
type Failure = { error: { code: ErrorCode; message: string } | null };
/** `exitCode` is null where no program ran or a signal ended it; `truncated`: a middle is left out. */
export type Reply = Texts & Flags & Answer;
