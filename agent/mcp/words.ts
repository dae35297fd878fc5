/** Every refusal and failure as an agent reads it: why, and what a person could do. No paths, no secrets. */
import type { ErrorCode } from "../../protocol/reply.ts";
import type { ClientFailure } from "../client.ts";

type OwnCode =
  /** The tool's arguments are not as its schema says. */
  | "malformed"
  | "rate_limited"
  /** The caller no longer waits. */
  | "cancelled"
  /** The client's user was told that it waits for a person, and would not go on. */
  | "declined"
  /** Of workflows and their runs. */
  | "workflow_invalid"
  | "needs_person"
  | "inputs_invalid"
  | "unsandboxed"
  | "too_many_runs"
  | "no_such_run"
  | "no_such_step"
  | "run_over"
  /** Of code. */
  | "code_refused"
  | "code_failed"
  | "code_stopped"
  | "no_sandbox"
  | "sandboxes_busy"
  | "workspace_refused";

export type Code = ErrorCode | ClientFailure["kind"] | OwnCode;
export type Words = { reason: string; remedy: string };

const SET_UP = "an administrator must run: sallyport setup-sudo";
const DOCTOR = "a person must look at the host: sallyport doctor";
const PROGRAM_ERROR = "an administrator finds the cause with: sallyport doctor";
const LATER = "nothing was changed; try again in a minute";

/** `wish`: the words of the request, escaped and bounded. */
const WORDS: Record<Code, (wish: string) => Words> = {
  failed: (wish) => ({
    reason: `it ran and failed: ${wish}`,
    remedy: "read untrustedOutput; service_status with logs tells what a service said",
  }),
  usage: (wish) => ({
    reason: `not a request: ${wish}`,
    remedy: "use the names and actions that the tool's input schema lists",
  }),
  unavailable: () => ({
    reason: "the program needed is not on this host, or systemd is not running",
    remedy: DOCTOR,
  }),
  unsafe: () => ({
    reason: "the surroundings of the root half cannot be trusted, so nothing was done",
    remedy: PROGRAM_ERROR,
  }),
  internal: () => ({
    reason: "the root half failed, or could not write its audit log",
    remedy: `audit_query tells whether it had begun; ${PROGRAM_ERROR}`,
  }),
  busy: () => ({ reason: "another change is still running", remedy: LATER }),
  not_allowed: (wish) => ({
    reason: `not in the policy of this host: ${wish}`,
    remedy:
      "policy_explain lists what is; only an administrator can change the policy, so ask, and look for no other way",
  }),
  grant_required: (wish) => ({
    reason: `only with a person's grant: ${wish}`,
    remedy: `ask a person to do it or to grant it, and wait: ${wish}`,
  }),
  not_recorded: () => ({
    reason: "the request could not be written down, so nothing was asked for",
    remedy: "an administrator must see whether the disk of this host is full",
  }),
  not_root: () => ({ reason: "the root half was not started as root", remedy: DOCTOR }),
  locked_down: () => ({
    reason: "an administrator has locked this host down: nothing may be asked for",
    remedy: "wait until the administrator lifts the lock-down",
  }),
  timeout: () => ({
    reason: "the deadline passed, and what had been started was stopped",
    remedy: "look at the state of the host before asking again: service_status, package_info",
  }),
  not_set_up: () => ({ reason: "Sallyport is not set up on this host", remedy: SET_UP }),
  rule_missing: () => ({
    reason: "the user of this server has no right to ask the root half",
    remedy: SET_UP,
  }),
  rule_other_user: () => ({
    reason: "another user than that of this server has the right to ask the root half",
    remedy: SET_UP,
  }),
  rule_without_effect: () => ({
    reason: "the right of this server's user to ask the root half is overridden",
    remedy: "an administrator must run: sallyport setup-sudo --status",
  }),
  helper_differs: () => ({
    reason: "the root half on this host is of another build than this server",
    remedy: SET_UP,
  }),
  no_new_privs: () => ({
    reason:
      "the socket of the root half is not there, and this server can use no other way (no_new_privs)",
    remedy:
      "an administrator must run: systemctl restart sallyport-helper.socket; where there is no such unit, a person must start this server without that restriction",
  }),
  socket_refused: () => ({
    reason: "the user of this server is not let in to the root half",
    remedy:
      "an administrator must add that user to the group sallyport, and start this server anew",
  }),
  sudo_missing: () => ({ reason: "this host has no sudo", remedy: DOCTOR }),
  unsupported_elevator: () => ({
    reason: "this host has no sudo, and what it has instead is not supported",
    remedy: DOCTOR,
  }),
  sudo_refused: () => ({ reason: "sudo refused to start the root half", remedy: DOCTOR }),
  unsendable: () => ({ reason: "a name must not contain NUL", remedy: "use another name" }),
  bad_reply: () => ({ reason: "the root half's reply is not usable", remedy: PROGRAM_ERROR }),
  no_answer: (wish) => ({
    reason: `no reply in time: ${wish}; what the root half began, it finishes`,
    remedy: "do not repeat it; audit_query tells what became of it",
  }),
  unknown_outcome: (wish) => ({
    reason: `the connection to the root half was lost: ${wish} may or may not have run`,
    remedy: "do not repeat it; call audit_query with this requestId to learn what became of it",
  }),
  malformed: (wish) => ({
    reason: `the arguments are not as the tool's input schema says: ${wish}`,
    remedy: "call it again with arguments that match the schema",
  }),
  rate_limited: () => ({
    reason: "too many calls in a short time",
    remedy: "wait retryAfterMs milliseconds, then call again",
  }),
  workflow_invalid: (wish) => ({
    reason: `the workflow is not right: ${wish}`,
    remedy: "correct what data lists, or ask workflow_validate for all of it",
  }),
  inputs_invalid: (wish) => ({
    reason: `the inputs are not what the workflow asks for: ${wish}`,
    remedy: "give the inputs that it names; a secret is never given here, a person gives it later",
  }),
  unsandboxed: (wish) => ({
    reason: `there is no sandbox on this host, and these steps run nowhere else: ${wish}`,
    remedy:
      "use service and package steps, or mark a step sudoLock so that a person decides; look for no other way",
  }),
  needs_person: (wish) => ({
    reason: `these steps need a password or a secret of a person, whom this server cannot ask: ${wish}`,
    remedy:
      "ask the person to run the workflow in a terminal, with sallyport run, or leave those steps out",
  }),
  too_many_runs: () => ({
    reason: "too many of your runs are under way, or wait for a person",
    remedy: "wait for some to end, or cancel them: workflow_status, workflow_cancel",
  }),
  no_such_run: (wish) => ({
    reason: `none of your runs is called ${wish}`,
    remedy: "use the run that workflow_start gave",
  }),
  no_such_step: (wish) => ({
    reason: `the run has no step ${wish}`,
    remedy: "workflow_status lists its steps",
  }),
  run_over: (wish) => ({
    reason: `the run is over already: ${wish}`,
    remedy: "workflow_status tells how it ended",
  }),
  code_refused: (wish) => ({
    reason: `the rules of this host about code are against it, and nothing was run: ${wish}`,
    remedy: "write it without that; only an administrator can change the rules",
  }),
  code_failed: (wish) => ({
    reason: `it ran and failed: ${wish}`,
    remedy: "read untrustedOutput; in a sandbox there is no network and nothing of this host",
  }),
  code_stopped: (wish) => ({
    reason: `it was stopped: ${wish}`,
    remedy: "make it smaller: data.limits tells what it may take",
  }),
  no_sandbox: (wish) => ({
    reason: `there is no sandbox here, and code runs nowhere else: ${wish}`,
    remedy:
      "a person finds the cause with: sallyport doctor; the daemon that the package installs may make no sandboxes: there, use the server that `sallyport mcp` starts",
  }),
  sandboxes_busy: (wish) => ({
    reason: `no more sandboxes are taken now: ${wish}`,
    remedy: "nothing was run; try again in a minute",
  }),
  workspace_refused: (wish) => ({
    reason: `no sandbox is given this folder: ${wish}`,
    remedy: "name another folder, or none",
  }),
  declined: (wish) => ({
    reason: `nothing was done, as whom the client asked declined: ${wish}`,
    remedy:
      "it still waits for a person's grant: grants_list tells; ask before you call this again",
  }),
  cancelled: (wish) => ({
    reason: `no longer waited for: ${wish}`,
    remedy: "audit_query tells whether it ran",
  }),
};

export const CODES = Object.keys(WORDS) as [Code, ...Code[]];

export function wordsOf(code: Code, wish: string): Words {
  return WORDS[code](wish);
}
