/** The helper's answer: always exactly one JSON object per request, on one line. */
import type { Verdict } from "./operation.ts";

/** Every way to fail, with the exit status of both programs. */
export const EXIT_STATUS = {
  /** It ran and failed; `exitCode` is the program's. */
  failed: 1,
  /** The request is malformed. */
  usage: 64,
  /** The program needed is not there, or systemd is not running. */
  unavailable: 69,
  /** The surroundings cannot be trusted: nothing was done. */
  unsafe: 71,
  /** The helper itself failed, or the audit log could not be written: nothing was done. */
  internal: 71,
  /** A lock was not free in time. */
  busy: 75,
  /** Not in the policy. Nothing that could change the host was started. */
  not_allowed: 77,
  /** In the policy, but only with a person's grant. */
  grant_required: 77,
  /** Started by somebody who is not root. */
  not_root: 77,
  /** An administrator has locked the helper down. */
  locked_down: 77,
  /** The deadline passed; the whole process tree was stopped. */
  timeout: 124,
} as const;

export type ErrorCode = keyof typeof EXIT_STATUS;

/** What `service` actions found: properties of the unit, in systemd's own words. */
export type ServiceData = {
  kind: "service";
  unit: string;
  LoadState: string;
  ActiveState: string;
  SubState: string;
  UnitFileState: string;
  /** 0 where the unit has no main process. */
  MainPID: number;
};

/** What `package info` found; null where there is no such version. */
export type PackageData = {
  kind: "package";
  name: string;
  manager: string;
  installed: string | null;
  candidate: string | null;
};

/** The policy in force on this host: compiled in, narrowed by the administrator. */
export type PolicyData = {
  kind: "policy";
  services: Record<string, Record<string, Verdict>>;
  packages: Record<string, Record<string, Verdict>>;
  system: Record<string, Verdict>;
  policyHash: string;
  narrowed: boolean;
};

export type VersionData = {
  kind: "version";
  version: string;
  /** SHA-256 over bundle, policy and runtime, set by the build. */
  buildId: string;
  /** SHA-256 over the compiled-in policy as JSON. */
  policyHash: string;
};

export type ReplyData = ServiceData | PackageData | PolicyData | VersionData;

export type Reply = {
  v: 1;
  success: boolean;
  /** Exit code of the program that ran; null where none ran or it died by a signal. */
  exitCode: number | null;
  stdout: string;
  stderr: string;
  /** Whether the middle of stdout or stderr was left out. */
  truncated: boolean;
  timedOut: boolean;
  durationMs: number;
  requestId: string;
  data: ReplyData | null;
  error: { code: ErrorCode; message: string } | null;
};
