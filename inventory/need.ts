/** What a host that was looked at needs: a task, or nothing more, and why. */
import { renderRule } from "../sudoers/rules.ts";
import type { HelperBuild, Task } from "../sudoers/transaction.ts";
import type { Look, NoLook } from "./look.ts";

export type Wanted = {
  action: "install" | "check" | "verify" | "uninstall";
  build: HelperBuild;
  /** Where the helper is on every host. */
  helperPath: string;
};

export type Need =
  /** `uploads`: whether the helper must be sent. */
  | { kind: "task"; task: Task; uploads: boolean }
  /** `reason` may be untrusted text. */
  | { kind: "end"; state: "failed" | "no-sudo" | "already-current" | "needed"; reason: string };

export function needOf(seen: Look | NoLook, { action, build, helperPath }: Wanted): Need {
  const end = (state: Extract<Need, { kind: "end" }>["state"], reason: string): Need => {
    return { kind: "end", state, reason };
  };
  if (seen.kind === "no_user") return end("failed", `it knows no user ${seen.user}`);
  if (seen.kind === "no_answer") return end("failed", seen.reason);
  if (!seen.hasSudo) return end("no-sudo", "there is no /usr/bin/sudo");
  if (action !== "uninstall" && seen.system !== "Linux x86_64")
    return end("failed", `this helper is for Linux x86_64, the host is ${seen.system}`);
  const rule = renderRule(seen.uid, helperPath);
  if (rule.kind !== "rule")
    return end("failed", "it is root who logs in: say whom the rule is for");
  if (action === "uninstall")
    return { kind: "task", task: { kind: "uninstall", rule }, uploads: false };
  if (seen.current === true) return end("already-current", "");
  if (action !== "install") return end("needed", needText(seen));
  // Nobody decides on the hosts of a cluster by this: who should, installs the package there, or runs setup-sudo.
  const task = { kind: "install", rule, build, lineSha256: null } as const;
  return { kind: "task", task, uploads: seen.helper !== "same" };
}

function needText({ helper, current }: Look): string {
  if (helper === "none") return "there is no helper";
  if (helper === "different") return "the helper is of another build";
  return current === null ? "only root can see the rule" : "the rule has no effect";
}
