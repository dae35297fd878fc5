/** The records that `audit query` and `audit export` are asked for, read from the log one by one. */
import { once } from "node:events";
import { InvalidArgumentError, type Command } from "commander";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { AUDIT_LOG, bytesOf, linesOf } from "../audit/log-file.ts";
import { matcher, momentOf, type Query } from "../audit/query.ts";
import { readRecord, type AuditRecord } from "../audit/record.ts";
import { failureText } from "./errors.ts";

export type Selection = {
  file: string;
  since?: number;
  until?: number;
  user?: string;
  operation?: string;
  decision?: string;
  request?: string;
  grant?: string;
  run?: string;
  elevated?: true;
};

export function acceptSelection(command: Command): Command {
  return command
    .option(
      "--since <when>",
      "from then on: 2026-07-22, 2026-07-22T10:00Z, or 90m, 8h, 7d ago",
      moment,
    )
    .option("--until <when>", "before then", moment)
    .option("--user <name|uid>", "of one user")
    .option("--operation <words>", 'of one operation, or of all that begin so: "service stop"')
    .option("--decision <word>", "allow, not_allowed, grant_required, used, … as the log has it")
    .option("--request <id>", "of one request")
    .option("--grant <id>", "of one grant: who asked, who decided, what used it")
    .option("--run <id>", "of one run of a workflow")
    .option(
      "--elevated",
      "only what had more than the policy gives: uses of grants, steps with sudo",
    )
    .option("--file <file>", "a copy of the log", AUDIT_LOG);
}

function moment(text: string): number {
  const at = momentOf(text);
  if (at !== null) return at;
  throw new InvalidArgumentError("it must be a date, a date and time, or 90m, 8h, 7d");
}

/**
 * Writes `textOf` of each record that fits, as fast as it is read. `line`: its bytes in the log. Sets the exit status to
 * failed, and says so, where lines are no records. How many fitted.
 */
export async function writeSelected(
  selection: Selection,
  textOf: (record: AuditRecord, line: Buffer) => string,
): Promise<number> {
  const fits = matcher(queryOf(selection));
  let [found, flawed] = [0, 0];
  for await (const line of linesOf(bytesOf(selection.file))) {
    if (line.kind === "incomplete") continue;
    const read = line.kind === "line" ? readRecord(line.bytes) : { flaw: "" };
    if ("flaw" in read) {
      flawed += 1;
      continue;
    }
    if (line.kind !== "line" || !fits(read.record)) continue;
    found += 1;
    if (!process.stdout.write(textOf(read.record, line.bytes))) await once(process.stdout, "drain");
  }
  if (flawed > 0) {
    process.exitCode = EXIT_STATUS.failed;
    const cause = `${flawed} ${flawed === 1 ? "line was" : "lines were"} left out: no records as the helper writes them`;
    const hint = "sudo sallyport audit verify";
    process.stderr.write(failureText({ code: "failed", cause, hint, status: EXIT_STATUS.failed }));
  }
  return found;
}

function queryOf(selection: Selection): Query {
  const { since, until, user, operation, decision, request, grant, run, elevated } = selection;
  return {
    since: since ?? null,
    until: until ?? null,
    user: user ?? null,
    operation: operation?.split(" ") ?? null,
    decision: decision ?? null,
    request: request ?? null,
    grant: grant ?? null,
    run: run ?? null,
    elevated: elevated === true,
  };
}
