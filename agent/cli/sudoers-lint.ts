/** `sallyport sudoers-lint`: which rules of this host amount to root. Exit 1 where one does. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { escapeLine } from "../escape.ts";
import type { LintFinding } from "../risk/sudoers/lint.ts";
import { badge } from "./badge.ts";
import { fail } from "./errors.ts";
import { tableText } from "./table.ts";

type FileFinding = LintFinding & { file: string };

export function registerSudoersLint(program: Command): void {
  program
    .command("sudoers-lint")
    .summary("which sudoers rules amount to root, and why")
    .argument("[file...]", "sudoers files (default: those of this host, which only root can read)")
    .action(async (files: string[], { json }: { json?: true }) => lintFiles(files, json === true));
}

async function lintFiles(named: readonly string[], json: boolean): Promise<void> {
  const { readSudoersFile, usualFiles } = await import("../risk/sudoers/read.ts");
  const { lint } = await import("../risk/sudoers/lint.ts");
  const findings: FileFinding[] = [];
  // cvtsudoers is run in another folder.
  const files = named.length > 0 ? named.map((file) => resolve(file)) : usualFiles();
  for (const file of files) {
    const read = await readSudoersFile(file);
    if ("code" in read) {
      const hint = read.code === "EACCES" ? "sudo sallyport sudoers-lint" : null;
      const cause = `cannot read ${file} (${read.code})`;
      return fail({ code: "failed", cause, hint, status: EXIT_STATUS.failed }, { json });
    }
    findings.push(...lint(read).map((finding) => ({ ...finding, file })));
  }
  const success = !findings.some(({ level }) => level === "CRITICAL");
  process.stdout.write(
    json ? `${JSON.stringify({ v: 1, success, files, findings })}\n` : findingsText(findings),
  );
  if (!success) process.exitCode = EXIT_STATUS.failed;
}

function findingsText(findings: readonly FileFinding[]): string {
  if (findings.length === 0) return "no rule that amounts to root\n";
  return findings
    .map(({ level, file, users, grant, text, rule }) => {
      const rows = [
        ["  where", escapeLine(file)],
        ...(users.length === 0 ? [] : [["  who", escapeLine(users.join(", "))]]),
        ["  grant", escapeLine(grant ?? "")],
        ["  why", escapeLine(text)],
      ];
      return `${badge(level)}  ${rule}\n${tableText(rows)}`;
    })
    .join("");
}
