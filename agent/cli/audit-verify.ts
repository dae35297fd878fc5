/** `sallyport audit verify`: is the log what it was, and is it all of it. */
import { lstatSync } from "node:fs";
import { dirname, join } from "node:path";
import type { KeyObject } from "node:crypto";
import type { Command } from "commander";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { readPublicKey } from "../audit/checkpoint-key.ts";
import { AUDIT_LOG, bytesOf } from "../audit/log-file.ts";
import type { ChainReport, Note } from "../audit/verify.ts";
import { verifyWitnessed, type CheckpointReport, type WitnessedReport } from "../audit/witness.ts";
import { escapeLine } from "../escape.ts";
import { readingLog } from "./audit-text.ts";
import { fail, failureText, type Failure } from "./errors.ts";
import type { MaybeFleetOptions } from "./fleet-run.ts";
import { acceptFleetOptions } from "./host-options.ts";

type Options = { file: string; key?: string; checkpoints?: string; json?: true };

export function registerAuditVerify(audit: Command): void {
  acceptFleetOptions(audit.command("verify"), "the logs of these hosts of the inventory, over SSH")
    .summary("check that no record was changed, added, moved or taken out")
    .option("--file <file>", "a copy of the log", AUDIT_LOG)
    .option("--checkpoints <file>", "what was signed of it (default: checkpoints.jsonl beside it)")
    .option(
      "--key <file>",
      "the public key, kept elsewhere (default: checkpoint.pub beside the log)",
    )
    .action(async (options: Options & MaybeFleetOptions) => {
      const { on, key, checkpoints } = options;
      if (on === undefined) return await readingLog(options, "verify", () => verify(options));
      if (key !== undefined || checkpoints !== undefined)
        return fail(ONE_HOST, { json: options.json === true });
      const { verifyOnFleet } = await import("./audit-fleet.ts");
      await verifyOnFleet({ ...options, on });
    });
}

const ONE_HOST: Failure = {
  code: "usage",
  cause: "checkpoints are checked on one host: --key and --checkpoints go without --on",
  hint: "sallyport audit verify --help",
  status: EXIT_STATUS.usage,
};

async function verify(options: Options): Promise<void> {
  const { file } = options;
  const json = options.json === true;
  const checkpoints = options.checkpoints ?? join(dirname(file), "checkpoints.jsonl");
  const key = keyFor(options, join(dirname(file), "checkpoint.pub"));
  if (key !== null && "flaw" in key) return fail(noKey(key.flaw), { json });
  const report = await verifyWitnessed(bytesOf(file), checkpoints, key);
  const { intact, ...chain } = report.chain;
  // Who has a key has it because there were checkpoints.
  const { count, problemCount } = report.checkpoints;
  const missing = options.key !== undefined && count + problemCount === 0;
  const success = intact && problemCount === 0 && !missing;
  const object = { v: 1, success, file, ...chain, checkpoints: report.checkpoints };
  process.stdout.write(json ? `${JSON.stringify(object)}\n` : witnessedText(report));
  if (success) return;
  process.exitCode = EXIT_STATUS.failed;
  if (json) return;
  const cause = missing ? `there are no checkpoints in ${checkpoints}` : witnessedFlaw(report);
  process.stderr.write(
    failureText({ code: "failed", cause, hint: null, status: EXIT_STATUS.failed }),
  );
}

function keyFor({ key }: Options, beside: string): KeyObject | { flaw: string } | null {
  const file = key ?? beside;
  if (key === undefined && lstatSync(file, { throwIfNoEntry: false }) === undefined) return null;
  try {
    return readPublicKey(file);
  } catch (error) {
    return { flaw: `${file} cannot be read (${(error as NodeJS.ErrnoException).code})` };
  }
}

function noKey(cause: string): Failure {
  const hint = "sudo sallyport audit checkpoint --public-key";
  return { code: "unavailable", cause, hint, status: EXIT_STATUS.unavailable };
}

/** Of a log that does not hold, or that is not all that was signed. */
export function witnessedFlaw({ chain, checkpoints }: WitnessedReport): string {
  if (chain.intact || (chain.problemCount === 0 && checkpoints.problemCount > 0))
    return `the audit log is not the one that was signed: ${checkpoints.problems[0]?.text}`;
  return flawText(chain);
}

export function witnessedText({ chain, checkpoints }: WitnessedReport): string {
  return `${reportText(chain)}${checkpointsText(checkpoints)}`;
}

function checkpointsText(report: CheckpointReport): string {
  const { count, last, signaturesChecked, problems, problemCount, warnings } = report;
  if (count + problemCount === 0)
    return "checkpoints: none, so nothing shows whether its end was cut off\n";
  const signatures = signaturesChecked ? "" : "; no key, so their signatures were NOT checked";
  const to = last === null ? "none of this log" : `the log is whole at least to seq ${last.seq}`;
  return [
    `checkpoints: ${count}, ${to}${signatures}`,
    ...noted("checkpoint problems", problems, problemCount),
    ...noted("checkpoint warnings", warnings, warnings.length),
  ]
    .map((line) => `${line}\n`)
    .join("");
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
