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

type Now = "current" | "different" | "absent" | "hidden";

export type Preview = {
  kind: "setup-preview";
  uid: number;
  user: string;
  rule: {
    path: string;
    text: string;
    now: Now;
    diff: string[];
  };
  helper: Program;
  /** The command line; null where the package has brought one. */
  line: Program | null;
};

type Program = { from: string; to: string; sha256: string; now: Now };

/** What lies where a program of that digest would be copied to. */
export function previewProgram(program: Omit<Program, "now">): Program {
  const old = see(program.to);
  if (old.kind !== "bytes") return { ...program, now: old.kind };
  const same = createHash("sha256").update(old.bytes).digest("hex") === program.sha256;
  return { ...program, now: same ? "current" : "different" };
}

export function preview(rule: Rule, user: string, helper: Program, line: Program | null): Preview {
  const { uid, path, text } = rule;
  const oldRule = see(path);
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
    helper,
    line,
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

export function previewText({ uid, user, rule, helper, line }: Preview): string {
  const lines = [`rule for ${escapeLine(user)} (uid ${uid}), ${rule.path}, root:root 0440:`];
  if (rule.now === "hidden") lines.push("  what is there now cannot be seen without root", "");
  if (rule.now === "current") lines.push("  is there already, the same byte for byte", "");
  const old = rule.now === "absent" || rule.now === "hidden" ? "/dev/null" : rule.path;
  if (rule.now !== "current") lines.push(`--- ${old}`, `+++ ${rule.path}`);
  lines.push(...rule.diff.map(escapeLine), "");
  lines.push(...programLines("helper", helper), "");
  if (line !== null)
    lines.push(
      ...programLines("command line", line),
      "  with a link to it, where `sudo sallyport` looks first",
      "",
    );
  lines.push(
    `then proven: as uid ${uid}, sudo -n ${helper.to} version must answer, and nothing else may be newly permitted`,
    "nothing was changed",
  );
  return `${lines.join("\n")}\n`;
}

function programLines(name: string, { from, to, sha256, now }: Program): string[] {
  const place = `${to}, root:root 0755`;
  return [
    {
      current: `${name}: ${place}, is there already`,
      different: `${name}: would replace ${place}, which is another build`,
      absent: `${name}: would be copied to ${place}`,
      hidden: `${name}: would be copied to ${place}; what is there now cannot be seen without root`,
    }[now],
    `  from ${escapeLine(from)}`,
    `  SHA-256 ${sha256}`,
  ];
}
