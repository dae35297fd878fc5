/** The one place that words what comes of a sandbox: cause, a command that helps, the exit status. */
import { constants } from "node:os";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import type { Failure } from "../cli/errors.ts";
import { quote } from "../escape.ts";
import { findingText } from "../sanitizer/finding.ts";
import { cpuSecondsOf } from "./bubblewrap.ts";
import type { Examined } from "./examine.ts";
import { containerWording } from "./explain-container.ts";
import { INTERPRETER_PACKAGE } from "./interpreter.ts";
import type { Inexact, Profile } from "./profile.ts";
import type { SandboxRefusal } from "./refusal.ts";
import type { SandboxEnd } from "./run-bubblewrap.ts";

/** Why nothing was run. */
export function explainSandboxRefusal(refusal: SandboxRefusal): Failure {
  return { code: refusal.kind, ...wording(refusal) };
}

export type Wording = Omit<Failure, "code">;

function wording(refusal: SandboxRefusal): Wording {
  const { unavailable, unsafe, usage, busy, not_allowed } = EXIT_STATUS;
  switch (refusal.kind) {
    case "is_root":
      return {
        cause: "root does not run code in a sandbox: outside of it, its processes would be root's",
        hint: "sallyport exec, as an ordinary user",
        status: unsafe,
      };
    case "no_backend":
      return {
        cause: "there is no bubblewrap on this host, and nothing is run without a sandbox",
        hint: "sudo apt-get install bubblewrap",
        status: unavailable,
      };
    case "machine":
      return {
        cause: `there is no filter of system calls for ${refusal.machine}, only for x64 and arm64`,
        hint: null,
        status: unavailable,
      };
    case "no_interpreter":
      return {
        cause: `there is no ${refusal.language} in /usr on this host, where a sandbox could see it`,
        hint: `sudo apt-get install ${INTERPRETER_PACKAGE[refusal.language]}`,
        status: unavailable,
      };
    case "namespaces_blocked":
      return {
        cause:
          refusal.by === "apparmor"
            ? `AppArmor keeps bubblewrap from making user namespaces (${refusal.said})`
            : `the kernel lets nobody but root make user namespaces (${refusal.said})`,
        hint: refusal.by === "apparmor" ? APPARMOR_FIX : "sysctl user.max_user_namespaces",
        status: unavailable,
      };
    case "proc_blocked":
      return {
        cause: `parts of /proc are covered here, as in a container, and so no sandbox can have one of its own (${refusal.said})`,
        hint: "findmnt -R /proc",
        status: unavailable,
      };
    case "not_started":
      return {
        cause: `bubblewrap did not start the program: ${refusal.said || "it said nothing"}`,
        hint: "bwrap --version",
        status: unavailable,
      };
    case "not_confined":
      return {
        cause: `nothing was run: in the sandbox these did not hold: ${refusal.gaps.join(", ")}`,
        hint: "sallyport doctor",
        status: unsafe,
      };
    case "inexact":
      return {
        cause: `${refusal.backend} holds these here only nearly, and the profile wants them exactly: ${refusal.limits.join(", ")}`,
        hint: `bestEffort: [${refusal.limits.join(", ")}]`,
        status: unavailable,
      };
    case "no_socket":
    case "foreign_socket":
    case "socket_denied":
    case "no_daemon":
    case "no_image":
    case "container_failed":
      return containerWording(refusal);
    case "variable":
      return {
        cause: `no sandbox is given the variable ${quote(refusal.name)}`,
        hint: null,
        status: usage,
      };
    case "no_command":
      return { cause: "a command is missing, or begins with a dash", hint: null, status: usage };
    case "code_refused":
      return {
        cause: `the code is refused, and nothing was run: ${refusedFor(refusal.examined)}`,
        hint: `sallyport exec --language ${refusal.language} --explain`,
        status: not_allowed,
      };
    case "settings":
      return { cause: refusal.flaw, hint: refusal.hint, status: 78 };
    case "too_long":
      return {
        cause: "the program or one of its words is too long, or has a NUL in it",
        hint: null,
        status: usage,
      };
    case "no_folder":
      return {
        cause: `there is no folder ${quote(refusal.folder)}`,
        hint: null,
        status: usage,
      };
    case "near_secret":
      return {
        cause: `no sandbox is given ${quote(refusal.folder)}: ${quote(refusal.secret)} is there`,
        hint: "mkdir work && sallyport exec --workspace work",
        status: not_allowed,
      };
    case "queue_full":
      return {
        cause: `${refusal.running} sandboxes run, and ${refusal.waiting} wait: no more are taken`,
        hint: null,
        status: busy,
      };
  }
}

/** Not a word of how to: it may be what the administrator wants. */
export const UNRECORDED = "on this user's record only: root's was not told, or did not take it";

/** The first finding that does not pass, and how many more there are. */
export function refusedFor({ findings, more }: Examined): string {
  const [first, ...others] = findings.filter(({ judgement }) => judgement === "refuse");
  if (first === undefined) throw new Error("code is refused for nothing");
  const rest = others.length + more;
  return `${findingText(first)}${rest === 0 ? "" : ` (and ${rest} more)`}`;
}

/** For bubblewrap alone, in place of the sysctl that would open it to every program. */
const APPARMOR_FIX =
  "printf 'abi <abi/4.0>,\\nprofile bwrap /usr/bin/bwrap flags=(unconfined) { userns, }\\n' | sudo tee /etc/apparmor.d/bwrap && sudo apparmor_parser -r /etc/apparmor.d/bwrap";

/** Null where it succeeded. */
export function explainSandboxEnd(end: SandboxEnd, profile: Profile): Failure | null {
  const { failed, timeout } = EXIT_STATUS;
  switch (end.by) {
    case "itself":
      return end.exitStatus === 0
        ? null
        : {
            code: "failed",
            cause: ownEndText(end.exitStatus, profile),
            hint: null,
            status: failed,
          };
    case "limit":
      return {
        code: end.limit === "time" ? "timeout" : `${end.limit}_limit`,
        cause: `${limitText(end.limit, profile)}: all of its processes were stopped`,
        hint: null,
        status: end.limit === "time" ? timeout : failed,
      };
    case "cancel":
      return { code: "cancelled", cause: "it was cancelled", hint: null, status: 130 };
    case "unknown":
      return {
        code: "unknown_outcome",
        cause: "something outside ended the sandbox; what the program came to is not known",
        hint: null,
        status: failed,
      };
  }
}

function ownEndText(exitStatus: number, profile: Profile): string {
  const signal = exitStatus - 128;
  if (signal <= 0) return `the program exited with ${exitStatus}`;
  const name = Object.entries(constants.signals).find(([, number]) => number === signal)?.[0];
  const why =
    name === "SIGXCPU" ? `: ${cpuSecondsOf(profile)} s of processor time are used up` : "";
  return `the program was ended by signal ${signal}${name === undefined ? "" : ` (${name})`}${why}`;
}

function limitText(limit: "time" | "memory" | "output", profile: Profile): string {
  switch (limit) {
    case "time":
      return `the program ran longer than ${profile.seconds} s`;
    case "memory":
      return `the program took more than ${profile.memoryMiB} MiB of memory`;
    case "output":
      return "the program flooded its output";
  }
}

/** What bubblewrap does in place of holding a limit exactly. */
export function inexactText(limit: Inexact, profile: Profile): string {
  const { memoryMiB, processMiB } = profile;
  switch (limit) {
    case "memory":
      return `memory: ${processMiB} MiB for each process by the kernel, ${memoryMiB} MiB for all by a look every 50 ms`;
    case "cpu":
      return `cpu: ${cpuSecondsOf(profile)} s of processor time for each process, at any speed`;
    case "tmpNoexec":
      return "tmpNoexec: programs in /tmp can be run";
  }
}
