/** `sallyport audit` and its `tail`; the other commands below it are in files of their own. */
import { InvalidArgumentError, type Command } from "commander";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { AUDIT_LOG, lastLines } from "../audit/log-file.ts";
import { readRecord } from "../audit/record.ts";
import { registerAuditCheckpoint } from "./audit-checkpoint.ts";
import { registerAuditExport } from "./audit-export.ts";
import { registerAuditQuery } from "./audit-query.ts";
import { registerAuditShow } from "./audit-show.ts";
import { readingLog, recordText } from "./audit-text.ts";
import { registerAuditVerify } from "./audit-verify.ts";
import { failureText } from "./errors.ts";

type Options = { file: string; json?: true };

export function registerAuditCommands(program: Command): void {
  const audit = program.command("audit").summary("read what the helper recorded");
  registerAuditShow(audit);
  registerAuditVerify(audit);
  registerAuditQuery(audit);
  registerAuditExport(audit);
  registerAuditCheckpoint(audit);
  audit
    .command("tail")
    .summary("print the last records")
    .option("-n, --lines <count>", "how many", countOf, 20)
    .option("--file <file>", "a copy of the log", AUDIT_LOG)
    .action((options: Options & { lines: number }) =>
      readingLog(options, "tail", () => tail(options)),
    );
}

/** With --json one record per line, as it stands in the log. */
function tail({ file, json, lines }: Options & { lines: number }): void {
  for (const line of lastLines(file, lines)) {
    const parsed = readRecord(line);
    if ("flaw" in parsed) {
      process.exitCode = EXIT_STATUS.failed;
      const cause = `a line was left out: ${parsed.flaw}`;
      process.stderr.write(
        failureText({ code: "failed", cause, hint: "sudo sallyport audit verify", status: 1 }),
      );
    } else {
      process.stdout.write(json ? `${line.toString()}\n` : recordText(parsed.record));
    }
  }
}

function countOf(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("it must be a whole number from 1 to 999999");
}
