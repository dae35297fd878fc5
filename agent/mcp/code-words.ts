/** Why code was not run, as an agent reads it: no paths, and nothing of what this host said itself. */
import type { SandboxRefusal } from "../sandbox/refusal.ts";
import type { JudgedFinding } from "../sanitizer/finding.ts";
import { RULES } from "../sanitizer/finding.ts";
import type { Code } from "./words.ts";

/** The code, and the words that go into its reason. */
export function codeRefusal(refusal: SandboxRefusal): [Code, string] {
  switch (refusal.kind) {
    case "code_refused":
      return ["code_refused", foundIn(refusal.examined.findings)];
    case "queue_full":
      return ["sandboxes_busy", `${refusal.running} run, ${refusal.waiting} wait`];
    case "no_folder":
      return ["workspace_refused", "there is no such folder"];
    case "near_secret":
      return ["workspace_refused", "keys, settings or the state of services are there"];
    case "too_long":
      return ["malformed", "the code is too long, or has a NUL in it"];
    case "variable":
    case "no_command":
      return ["malformed", refusal.kind];
    case "is_root":
      return ["no_sandbox", "this server runs as root, and root runs no code"];
    case "no_backend":
      return ["no_sandbox", "this host has no bubblewrap"];
    case "machine":
      return ["no_sandbox", "there is no filter of system calls for this machine"];
    case "no_interpreter":
      return ["no_sandbox", `this host has no ${refusal.language}`];
    case "namespaces_blocked":
      return ["no_sandbox", "this server may make no namespaces"];
    case "proc_blocked":
      return ["no_sandbox", "parts of this server's /proc are covered"];
    case "not_started":
      return ["no_sandbox", "it did not start"];
    case "not_confined":
      return ["no_sandbox", `in it these did not hold: ${refusal.gaps.join(", ")}`];
    case "inexact":
      return [
        "no_sandbox",
        `these limits hold only nearly, and are wanted exactly: ${refusal.limits.join(", ")}`,
      ];
    case "no_socket":
    case "foreign_socket":
    case "socket_denied":
    case "no_daemon":
      return ["no_sandbox", `this server cannot use ${refusal.backend}`];
    case "no_image":
      return ["no_sandbox", `${refusal.backend} has no image for it`];
    case "container_failed":
      return ["no_sandbox", `${refusal.backend} did not start it`];
    case "settings":
      return ["no_sandbox", "the settings of sandboxes on this host are not right"];
    default:
      return refusal satisfies never;
  }
}

/** Of what does not pass, the first ones; `text` in them is untrusted. */
export function foundIn(findings: readonly JudgedFinding[]): string {
  return findings
    .filter(({ judgement }) => judgement === "refuse")
    .slice(0, 3)
    .map(({ line, column, rule, text }) => `${line}:${column} ${rule} (${RULES[rule]}): ${text}`)
    .join("; ");
}
