/**
 * Stands in for sallyport-helper, which answers to root only. One request in argv, or a session of them;
 * what it was asked is on record in the folder named by argv[2], and files there say how it behaves:
 * `silent` (answers nothing), `hang` (waits until the file is gone), `hold` (so does what was begun),
 * `full` (can record nothing).
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { EXIT_STATUS, type AuditEntry, type Reply } from "../../../protocol/reply.ts";
import { PLAIN_REPLY } from "../plain-reply.ts";

const [folder = "", ...words] = process.argv.slice(2);
const records = join(folder, "records.jsonl");
const id = `${Date.now()}-${process.pid}`;
type Asked = { argv: string[]; requestId: string };

function record(
  asked: Asked,
  phase: AuditEntry["phase"],
  decision: string,
  result: AuditEntry["result"],
): void {
  const seq = audit().length + 1;
  const time = new Date().toISOString();
  const entry: AuditEntry = { seq, time, ...asked, phase, decision, result };
  appendFileSync(records, `${JSON.stringify(entry)}\n`);
}

function audit(): AuditEntry[] {
  if (!existsSync(records)) return [];
  const lines = readFileSync(records, "utf8").trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as AuditEntry);
}

async function answer(asked: Asked): Promise<Partial<Reply>> {
  const [kind, action, name] = asked.argv;
  const hash = "0".repeat(64);
  if (kind === "version")
    return { data: { kind, version: "0.0.0", buildId: hash, policyHash: hash } };
  if (kind === "policy") {
    const verdicts = { "service restart nginx": "allow", "service status nginx": "allow" } as const;
    return { data: { kind, verdicts, policyHash: hash } };
  }
  if (kind === "audit") {
    const all = audit();
    const head = { seq: all.length, hash };
    return { data: { kind, records: all.slice(-100), head } };
  }
  if (existsSync(join(folder, "full")))
    return refusal("internal", "the helper failed, or cannot write the audit log");
  if (name !== "nginx") {
    record(asked, "refused", "not_allowed", null);
    return refusal("not_allowed", "security violation: not in the policy");
  }
  record(asked, "begin", "allow", null);
  while (existsSync(join(folder, "hold"))) await sleep(10);
  record(asked, "end", "allow", { code: null, exitCode: 0, timedOut: false, durationMs: 1 });
  if (action !== "status") return {};
  return {
    data: {
      kind: "service",
      unit: "nginx.service",
      LoadState: "loaded",
      ActiveState: "active",
      SubState: "running",
      UnitFileState: "enabled",
      MainPID: 1,
    },
  };
}

function refusal(code: "not_allowed" | "internal", message: string): Partial<Reply> {
  return { success: false, exitCode: null, error: { code, message } };
}

async function replyTo(asked: Asked): Promise<number> {
  while (existsSync(join(folder, "hang"))) await sleep(10);
  const reply: Reply = { ...PLAIN_REPLY, requestId: asked.requestId, ...(await answer(asked)) };
  process.stdout.write(`${JSON.stringify(reply)}\n`);
  return reply.error === null ? 0 : EXIT_STATUS[reply.error.code];
}

if (existsSync(join(folder, "silent"))) process.exit(1);
if (words.join(" ") === "session") {
  await replyTo({ argv: ["version"], requestId: `${id}.0` });
  let number = 0;
  for await (const line of createInterface(process.stdin)) {
    number += 1;
    if (existsSync(join(folder, "silent"))) process.exit(1);
    const { argv } = JSON.parse(line) as { argv: string[] };
    await replyTo({ argv, requestId: `${id}.${number}` });
  }
} else process.exitCode = await replyTo({ argv: words, requestId: id });
