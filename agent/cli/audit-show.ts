/** `sallyport audit show`: what became of a request; as root from the log, else as the helper tells the caller. */
import type { Command } from "commander";
import { EXIT_STATUS, type AuditEntry } from "../../protocol/reply.ts";
import { AUDIT_LOG, bytesOf, linesOf } from "../audit/log-file.ts";
import { readRecord } from "../audit/record.ts";
import { ask } from "../client.ts";
import { explainError, explainFailure } from "../explain.ts";
import { thisHost } from "../host.ts";
import { readingLog, recordText } from "./audit-text.ts";
import { fail, type Failure } from "./errors.ts";
import { entriesText } from "./reply-text.ts";

type Options = { file?: string; json?: true };

export function registerAuditShow(audit: Command): void {
  audit
    .command("show")
    .summary("print the records of one request; without root, of your own newest ones")
    .argument("[requestId]", "as a reply or a failure names it")
    .option("--file <file>", `a copy of the log (as root: ${AUDIT_LOG})`)
    .action((requestId: string | undefined, { file, json }: Options) =>
      file !== undefined || process.geteuid?.() === 0
        ? readingLog({ file: file ?? AUDIT_LOG, json }, "show", () =>
            showLog(file ?? AUDIT_LOG, requestId, json === true),
          )
        : showOwn(requestId, json === true),
    );
}

/** Every record, in the form of `audit tail`. */
async function showLog(file: string, requestId: string | undefined, json: boolean): Promise<void> {
  let found = 0;
  for await (const line of linesOf(bytesOf(file))) {
    if (line.kind !== "line") continue;
    const read = readRecord(line.bytes);
    if ("flaw" in read) continue; // `audit verify` is there to tell
    if (requestId !== undefined && read.record.requestId !== requestId) continue;
    found += 1;
    process.stdout.write(json ? `${line.bytes.toString()}\n` : recordText(read.record));
  }
  if (found === 0) fail(unknown(requestId, "the log has"), { json });
}

async function showOwn(requestId: string | undefined, json: boolean): Promise<void> {
  const request = { kind: "audit" } as const;
  const given = await ask(request, thisHost());
  if (given.kind !== "reply") return fail(explainFailure(given), { json });
  const { error, data } = given.reply;
  if (error !== null) return fail(explainError(error, request), { json });
  const all: readonly AuditEntry[] = data?.kind === "audit" ? data.records : [];
  const records = all.filter((one) => requestId === undefined || one.requestId === requestId);
  if (records.length === 0) return fail(unknown(requestId, "your newest records have"), { json });
  const text = json
    ? records.map((one) => `${JSON.stringify(one)}\n`).join("")
    : entriesText(records);
  process.stdout.write(text);
}

function unknown(requestId: string | undefined, where: string): Failure {
  const what = requestId === undefined ? "nothing" : `no request ${requestId}`;
  return {
    code: "failed",
    cause: `${where} ${what}: what never began left no record`,
    hint: null,
    status: EXIT_STATUS.failed,
  };
}
