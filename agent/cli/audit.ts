/** `sallyport audit verify` and `sallyport audit tail`; `show` is in audit-show.ts. */
import { InvalidArgumentError, type Command } from "commander";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { AUDIT_LOG, bytesOf, lastLines } from "../audit/log-file.ts";
import { readRecord } from "../audit/record.ts";
import { verifyChain, type ChainReport, type Note } from "../audit/verify.ts";
import { escapeLine } from "../escape.ts";
import { registerAuditShow } from "./audit-show.ts";
import { readingLog, recordText } from "./audit-text.ts";
import { failureText } from "./errors.ts";
import type { MaybeFleetOptions } from "./fleet-run.ts";
import { acceptFleetOptions } from "./host-options.ts";

type Options = { file: string; json?: true };

export function registerAuditCommands(program: Command): void {
  const audit = program.command("audit").summary("read what the helper recorded");
  registerAuditShow(audit);
  acceptFleetOptions(audit.command("verify"), "the logs of these hosts of the inventory, over SSH")
    .summary("check that no record was changed, added, moved or taken out")
    .option("--file <file>", "a copy of the log", AUDIT_LOG)
    .action(async (options: Options & MaybeFleetOptions) => {
      const { on } = options;
      if (on === undefined) return await readingLog(options, "verify", () => verify(options));
      const { verifyOnFleet } = await import("./audit-fleet.ts");
      await verifyOnFleet({ ...options, on });
    });
  audit
    .command("tail")
    .summary("print the last records")
    .option("-n, --lines <count>", "how many", countOf, 20)
    .option("--file <file>", "a copy of the log", AUDIT_LOG)
    .action((options: Options & { lines: number }) =>
      readingLog(options, "tail", () => tail(options)),
    );
}

async function verify({ file, json }: Options): Promise<void> {
  const report = await verifyChain(bytesOf(file));
  const { intact: success, ...found } = report;
  const object = { v: 1, success, file, ...found };
  process.stdout.write(json ? `${JSON.stringify(object)}\n` : reportText(report));
  if (success) return;
  process.exitCode = EXIT_STATUS.failed;
  if (json) return;
  const failure = {
    code: "failed",
    cause: flawText(report),
    hint: null,
    status: EXIT_STATUS.failed,
  };
  process.stderr.write(failureText(failure));
}

/** Of a log that is not intact. */
export function flawText({ problemCount }: ChainReport): string {
  return problemCount > 0
    ? `the audit log is broken in ${problemCount} place${problemCount === 1 ? "" : "s"}`
    : "last record incomplete";
}

export function reportText(report: ChainReport): string {
  const { last, incompleteBytes, mended } = report;
  return [
    `${report.records} records, ${report.intact ? "chain intact" : "chain NOT intact"}`,
    ...(last === null ? [] : [`last: seq ${last.seq} at ${last.time}, hash ${last.hash}`]),
    ...noted("problems", report.problems, report.problemCount),
    ...(incompleteBytes > 0 ? [`last record incomplete: ${incompleteBytes} bytes`] : []),
    ...noted("warnings", report.warnings, report.warningCount),
    ...noted("begun without an end", report.interrupted, report.interruptedCount),
    ...(mended > 0 ? [`unfinished records mended by the helper: ${mended}`] : []),
  ]
    .map((line) => `${line}\n`)
    .join("");
}

function noted(title: string, notes: readonly Note[], count: number): string[] {
  if (count === 0) return [];
  const more = count - notes.length;
  return [
    `${title}: ${count}`,
    ...notes.map(({ line, text }) => `  line ${line}: ${escapeLine(text)}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
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
