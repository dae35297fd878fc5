/** `setup-sudo --dry-run`: what would be written, beside what is there. Changes nothing. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Rule } from "../../sudoers/rules.ts";
import { escapeLine } from "../escape.ts";
import { lineDiff } from "./line-diff.ts";

/** A file as this user can see it. */
type Seen =
  | { kind: "bytes"; bytes: Buffer }
  | { kind: "absent" }
  | { kind: "hidden"; reason: string };

export type Preview = {
  kind: "setup-preview";
  uid: number;
  user: string;
  rule: {
    path: string;
    text: string;
    now: "current" | "different" | "absent" | "hidden";
    diff: string[];
  };
  helper: {
    from: string;
    to: string;
    sha256: string;
    now: "current" | "different" | "absent" | "hidden";
  };
};

/** `sha256`: of the helper at `from`. */
export function preview(rule: Rule, user: string, from: string, sha256: string): Preview {
  const { uid, path, text, helper: to } = rule;
  const oldRule = see(path);
  const oldHelper = see(to);
  const before = oldRule.kind === "bytes" ? oldRule.bytes.toString("utf8") : "";
  return {
    kind: "setup-preview",
    uid,
    user,
    rule: {
      path,
      text,
      now: oldRule.kind !== "bytes" ? oldRule.kind : before === text ? "current" : "different",
      diff: lineDiff(before, text),
    },
    helper: {
      from,
      to,
      sha256,
      now:
        oldHelper.kind !== "bytes"
          ? oldHelper.kind
          : createHash("sha256").update(oldHelper.bytes).digest("hex") === sha256
            ? "current"
            : "different",
    },
  };
}

function see(path: string): Seen {
  try {
    return { kind: "bytes", bytes: readFileSync(path) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT" ? { kind: "absent" } : { kind: "hidden", reason: code ?? "unknown" };
  }
}

export function previewText({ uid, user, rule, helper }: Preview): string {
  const lines = [`rule for ${escapeLine(user)} (uid ${uid}), ${rule.path}, root:root 0440:`];
  if (rule.now === "hidden") lines.push("  what is there now cannot be seen without root", "");
  if (rule.now === "current") lines.push("  is there already, the same byte for byte", "");
  const old = rule.now === "absent" || rule.now === "hidden" ? "/dev/null" : rule.path;
  if (rule.now !== "current") lines.push(`--- ${old}`, `+++ ${rule.path}`);
  lines.push(...rule.diff.map(escapeLine), "");
  const place = `${helper.to}, root:root 0755`;
  lines.push(
    {
      current: `helper: ${place}, is there already`,
      different: `helper: would replace ${place}, which is another build`,
      absent: `helper: would be copied to ${place}`,
      hidden: `helper: would be copied to ${place}; what is there now cannot be seen without root`,
    }[helper.now],
    `  from ${escapeLine(helper.from)}`,
    `  SHA-256 ${helper.sha256}`,
    "",
    `then proven: as uid ${uid}, sudo -n ${helper.to} version must answer, and nothing else may be newly permitted`,
    "nothing was changed",
  );
  return `${lines.join("\n")}\n`;
}
