/** A user whom another host has: only whether it can be one is known here. */
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { HELPER_PATHS } from "../../sudoers/helper-path.ts";
import { renderRule } from "../../sudoers/rules.ts";
import type { Failure } from "./errors.ts";
import { explainRule } from "./setup-words.ts";

/** `uid`: null where a name was given. */
export function exportedUser(wanted: string): { uid: number | null } | Failure {
  const hint = "sallyport export --help";
  if (/^(0|[1-9]\d*)$/.test(wanted)) {
    const rule = renderRule(Number(wanted), HELPER_PATHS[0]);
    return rule.kind === "rule" ? { uid: rule.uid } : { ...explainRule(rule), hint };
  }
  if (wanted === "root") return { ...explainRule({ kind: "uid_is_root" }), hint };
  // Other tools' files are read with rules of their own: to Ansible, {{ }} in a name would be a program.
  if (/^[A-Za-z_][A-Za-z0-9_.@\\-]{0,255}$/.test(wanted)) return { uid: null };
  const cause = `${wanted} is not the name of a user`;
  return { code: "usage", cause, hint, status: EXIT_STATUS.usage };
}
