/** What a person's approval is worth: where sudo asks them for no password, any program of theirs can approve too. */
import { quote } from "../escape.ts";
import type { Host } from "../host.ts";
import type { Grant, SudoersFile } from "../risk/sudoers/grant.ts";
import { readSudoersFile, usualFiles } from "../risk/sudoers/read.ts";
import { finding, type Finding } from "./finding.ts";

const CHECK = "approval";

export async function examineApproval(host: Host): Promise<Finding> {
  if (host.euid !== 0) return finding(CHECK, "unknown", "needs root", "sudo sallyport doctor");
  const files: SudoersFile[] = [];
  for (const file of usualFiles()) {
    const read = await readSudoersFile(file);
    if ("code" in read) return finding(CHECK, "unknown", `cannot read ${file} (${read.code})`);
    files.push(read);
  }
  return approvalFinding(files);
}

export function approvalFinding(files: readonly SudoersFile[]): Finding {
  const never = files.some(({ defaults }) => defaults.includes("!authenticate"));
  const open = files
    .flatMap(({ grants }) => grants)
    .filter((grant) => (never || grant.withoutPassword) && isEverything(grant))
    .flatMap(({ users }) => users)
    .filter((user) => user !== "root" && user !== "#0");
  const who = [...new Set(open)].map(quote).join(", ");
  return who === ""
    ? finding(CHECK, "ok", "who may approve is asked for a password")
    : finding(
        CHECK,
        "warn",
        `${who} may run everything without a password: a person's approval is then only as strong as every program of theirs`,
        "sudo visudo",
      );
}

function isEverything({ command, runas, negated }: Grant): boolean {
  return command === "ALL" && !negated && runas.some((name) => /^(?:root|#0|ALL)$/.test(name));
}
