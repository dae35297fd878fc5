/** How a host ended, and which ends are failures. */
import type { Change } from "./change.ts";

export type HostState =
  | "offline"
  | "unreachable"
  | "host-key-changed"
  | "host-key-unknown"
  | "auth-failed"
  | "no-sudo"
  | "wrong-password"
  | "already-current"
  | "installed"
  | "updated"
  | "removed"
  | "absent"
  | "rolled-back"
  | "rollback-failed"
  /** Nothing was begun on it, or nobody knows how it ended; the reason says which. */
  | "failed"
  /** With `check`: it would be changed. */
  | "needed"
  /** Not begun, because the run stopped before. */
  | "not-done";

export type HostEnd = {
  name: string;
  state: HostState;
  /** Untrusted text where a host's programs said it; empty where the state says all. */
  reason: string;
  /** Host keys that were accepted as new. */
  newPins: readonly string[];
  /** What its sudo says it is, where `check` or `verify` asked: untrusted text. Else null. */
  sudo: string | null;
  /** Bytes of files and data sent to it, without what SSH adds. */
  sentBytes: number;
};

/** What stops its own group, or follows from that, is no failure of the others. */
const NO_FAILURE: readonly HostState[] = [
  "installed",
  "updated",
  "removed",
  "absent",
  "already-current",
  "wrong-password",
  "not-done",
];

export function hasFailed(end: HostEnd | undefined): boolean {
  return end !== undefined && !NO_FAILURE.includes(end.state);
}

export function endOf(done: Change): [HostState, Partial<HostEnd>] {
  switch (done.kind) {
    case "report":
      return reportEnd(done);
    case "wrong_password":
      return ["wrong-password", { reason: "sudo refused the password" }];
    case "password_needed":
      return ["wrong-password", { reason: "sudo asks for a password, and there is none" }];
    case "not_given":
      return ["not-done", {}];
    case "no_sudo":
      return ["no-sudo", { reason: done.reason }];
    case "not_uploaded":
    case "lost":
      return ["failed", { reason: done.reason }];
    default:
      return done satisfies never;
  }
}

function reportEnd({
  report,
  left,
  sentBytes,
}: Extract<Change, { kind: "report" }>): [HostState, Partial<HostEnd>] {
  if (report.kind === "status") return ["failed", { reason: "it answered another question" }];
  const { state, cause } = report;
  const why = [cause, report.reason].filter(Boolean).join(": ");
  const reason = left === null ? why : `${why} (${left} could not be removed)`.trim();
  return [state === "refused" ? "failed" : state, { reason, sentBytes }];
}
