/** Why a step gets no sudo, and how a person is told. */
import { escapeBlock, quote } from "../escape.ts";

export type SudoRefusal =
  /** Nothing of it is tried a second time: accounts are locked after a few. */
  | { kind: "wrong_password" }
  | { kind: "no_sudo" }
  | { kind: "no_new_privs" }
  | { kind: "not_in_sudoers" }
  | { kind: "account_unusable"; said: string }
  /** NOPASSWD for everything, or PAM wants nothing: there is nothing to lock. */
  | { kind: "no_password_needed" }
  /** targetpw, rootpw, runaspw. */
  | { kind: "password_of_another"; user: string }
  /** timestamp_timeout=0; with sudo-rs 0.2.5 targetpw and rootpw as well. */
  | { kind: "no_tickets" }
  /** timestamp_type=global */
  | { kind: "tickets_shared" }
  /** timestamp_type=ppid */
  | { kind: "tickets_by_parent" }
  /** sudo asked for nothing that was known, or did not answer. */
  | { kind: "no_answer"; said: string }
  | { kind: "refused"; said: string }
  /** The run has ended, and its password is gone. */
  | { kind: "closed" };

/** For the administrator, with the words of sudo; never for the agent. `hint`: a command, or null. */
export function refusalText(refusal: SudoRefusal): { cause: string; hint: string | null } {
  switch (refusal.kind) {
    case "wrong_password":
      return { cause: "sudo did not take the password; it was tried once", hint: null };
    case "no_sudo":
      return { cause: "/usr/bin/sudo is not there", hint: null };
    case "no_new_privs":
      return {
        cause: "no_new_privs is set for this process, so sudo cannot work",
        hint: "grep NoNewPrivs /proc/self/status",
      };
    case "not_in_sudoers":
      return { cause: "no sudoers rule lets this user run anything", hint: "sudo -l" };
    case "account_unusable":
      return { cause: `the account cannot be used: ${words(refusal.said)}`, hint: null };
    case "no_password_needed":
      return {
        cause:
          "sudo asks this user for no password, so any program of this user's has root already",
        hint: "sudo -l",
      };
    case "password_of_another":
      return {
        cause: `sudo asks for the password of ${quote(refusal.user)} (targetpw, rootpw or runaspw in sudoers)`,
        hint: "sudo -l",
      };
    case "no_tickets":
      return {
        cause:
          "sudo keeps no ticket that a step could use (timestamp_timeout=0, targetpw or rootpw in sudoers)",
        hint: "sudo -l",
      };
    case "tickets_shared":
      return {
        cause: "a ticket of sudo holds in every terminal (timestamp_type=global in sudoers)",
        hint: "sudo -l",
      };
    case "tickets_by_parent":
      return {
        cause:
          "a ticket of sudo holds for one parent process only (timestamp_type=ppid in sudoers)",
        hint: "sudo -l",
      };
    case "no_answer":
      return { cause: `sudo did not ask as it should${after(refusal.said)}`, hint: "sudo -v" };
    case "refused":
      return { cause: `sudo refused${after(refusal.said)}`, hint: "sudo -v" };
    case "closed":
      return { cause: "the run has ended", hint: null };
    default:
      return refusal satisfies never;
  }
}

const words = (said: string): string => escapeBlock(said).replaceAll("\n", " ");
const after = (said: string): string => (said === "" ? "" : `: ${words(said)}`);

/** What sudo's own words mean, in the C locale; `said` without our prompt. */
export function refusalIn(said: string): SudoRefusal {
  if (
    /is not in the sudoers file|may not run sudo|not allowed to run sudo|I'm afraid I can't do that/i.test(
      said,
    )
  )
    return { kind: "not_in_sudoers" };
  if (/no new privileges/i.test(said)) return { kind: "no_new_privs" };
  if (/account|expired/i.test(said)) return { kind: "account_unusable", said };
  if (
    /incorrect password|incorrect authentication|authentication fail|no password was provided/i.test(
      said,
    )
  )
    return { kind: "wrong_password" };
  return { kind: "refused", said };
}
