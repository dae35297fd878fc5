/** What `setup-sudo` says: every cause worded here, once. */
import { EXIT_STATUS, type ErrorCode } from "../../protocol/reply.ts";
import type { Cause, State } from "../../sudoers/report.ts";
import type { Rule, RuleRefusal } from "../../sudoers/rules.ts";
import type { Failure } from "./errors.ts";
import type { InvokingUser } from "./invoking-user.ts";

type Words = { code: ErrorCode; cause: string; hint: string | null };

function failure({ code, cause, hint }: Words): Failure {
  return { code, cause, hint, status: EXIT_STATUS[code] };
}

export function explainUser(user: Exclude<InvokingUser, { kind: "user" }>): Failure {
  const hint = "sallyport setup-sudo --user NAME";
  switch (user.kind) {
    case "nobody_named":
      return failure({
        code: "usage",
        cause: "root runs this itself, so the user must be named",
        hint,
      });
    case "is_root":
      return failure({ code: "usage", cause: "root needs no rule", hint });
    case "unknown":
      return failure({ code: "usage", cause: `there is no user ${user.wanted}`, hint });
    case "no_database":
      return failure({
        code: "unavailable",
        cause: `users cannot be looked up: ${user.reason}`,
        hint: null,
      });
    default:
      return user satisfies never;
  }
}

export function explainRule(refusal: RuleRefusal): Failure {
  switch (refusal.kind) {
    case "uid_is_root":
      return failure({
        code: "usage",
        cause: "root needs no rule",
        hint: "sallyport setup-sudo --user NAME",
      });
    case "uid_is_no_user":
      return failure({
        code: "usage",
        cause: `${refusal.uid} is not the number of a user`,
        hint: null,
      });
    case "helper_is_no_path":
      return failure({
        code: "unsafe",
        cause: `a rule cannot name ${refusal.helper} safely`,
        hint: null,
      });
    default:
      return refusal satisfies never;
  }
}

/** What the transaction answered, other than success. `user`: login name. */
export function explainChange(
  { state, cause, reason }: { state: State; cause: Cause | null; reason: string },
  rule: Rule,
  user: string,
): Failure {
  const words = causeWords(cause ?? "failed", rule, user);
  const detail = reason === "" ? "" : `: ${reason}`;
  if (state === "rollback-failed") {
    const text = `${words.cause}, and what was there before could not be put back${detail}`;
    return failure({
      code: "internal",
      cause: text,
      hint: `look at ${rule.path}, then run setup-sudo again`,
    });
  }
  if (state === "rolled-back") {
    const text = `${words.cause}; everything is as it was before${detail}`;
    return failure({ code: "failed", cause: text, hint: words.hint });
  }
  return failure({ ...words, cause: `${words.cause}${detail}` });
}

function causeWords(cause: Cause, rule: Rule, user: string): Words {
  switch (cause) {
    case "account":
      return {
        code: "failed",
        cause: `sudo does not accept the account of ${user}`,
        hint: `chage -l ${user}`,
      };
    case "busy":
      return { code: "busy", cause: "somebody else is installing", hint: "try again in a minute" };
    case "failed":
      return {
        code: "internal",
        cause: "it did not go through",
        hint: "df /etc /usr/local, and look at the message above",
      };
    case "helper-left":
      return {
        code: "failed",
        cause: "the rule is removed, the helper is not",
        hint: `rm ${rule.helper}`,
      };
    case "interrupted":
      return { code: "failed", cause: "interrupted", hint: "run setup-sudo again" };
    case "line":
      return {
        code: "failed",
        cause: "the command line does not run where it was put",
        hint: "findmnt --target /usr/local",
      };
    case "no-sudo":
    case "no-visudo":
    case "no-tool":
      return {
        code: "unavailable",
        cause: "a program is missing",
        hint: "apt-get install sudo util-linux coreutils",
      };
    case "no-user":
      return { code: "usage", cause: "no such user", hint: `getent passwd ${rule.uid}` };
    case "not-included":
      return {
        code: "failed",
        cause: "sudo does not read /etc/sudoers.d",
        hint: "run visudo and add as last line: @includedir /etc/sudoers.d",
      };
    case "not-root":
      return { code: "not_root", cause: "only root can do this", hint: null };
    case "packaged":
      return {
        code: "unsafe",
        cause: "the helper belongs to a package",
        hint: "install the package of this version",
      };
    case "recovery":
      return {
        code: "unsafe",
        cause: "a killed installation could not be cleaned up",
        hint: `ls -la ${rule.path}*`,
      };
    case "refused":
      return {
        code: "failed",
        cause: `sudo refuses the helper to ${user} in spite of the rule, so something overrides it`,
        hint: `sudo -l -U ${user}`,
      };
    case "syntax":
      return {
        code: "failed",
        cause: "visudo of this host does not accept the rule",
        hint: "sallyport setup-sudo --dry-run",
      };
    case "taken":
      return {
        code: "unsafe",
        cause: "where `sudo sallyport` looks first there is something that is not ours",
        hint: "ls -l /usr/local/sbin/sallyport",
      };
    case "too-wide":
      return {
        code: "failed",
        cause: "with the rule, sudo permits more than the helper",
        hint: `sudo -l -U ${user}`,
      };
    case "unsafe":
      return {
        code: "unsafe",
        cause: "the place cannot be trusted",
        hint: `ls -ld ${rule.path} ${rule.helper}`,
      };
    case "upload":
      return {
        code: "unsafe",
        cause: "the files to install are not those announced",
        hint: "run setup-sudo again",
      };
    case "usage":
      return {
        code: "internal",
        cause: "a bug in sallyport: the transaction was called wrongly",
        hint: null,
      };
    case "whole":
      return {
        code: "failed",
        cause: "with the rule, visudo rejects the whole of sudoers",
        hint: "visudo -c",
      };
    case "wrong-helper":
      return {
        code: "failed",
        cause: "the helper answers, but not as the one of this build",
        hint: `${rule.helper} version`,
      };
    default:
      return cause satisfies never;
  }
}
