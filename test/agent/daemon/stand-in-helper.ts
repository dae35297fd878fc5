/**
 * Stands in for sallyport-helper, which answers to root only. One request in argv; what it was asked is
 * on record in the folder named by argv[2], and files there say how it behaves:
 * `silent` (answers nothing), `hang` (waits until the file is gone), `hold` (so does what was begun).
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EXIT_STATUS, type AuditEntry, type Reply } from "../../../protocol/reply.ts";
import { PLAIN_REPLY } from "../plain-reply.ts";

const [folder = "", ...argv] = process.argv.slice(2);
const records = join(folder, "records.jsonl");
const requestId = `${Date.now()}-${process.pid}`;

function record(phase: AuditEntry["phase"], decision: string, result: AuditEntry["result"]): void {
  const seq = audit().length + 1;
  const time = new Date().toISOString();
  const entry: AuditEntry = { seq, time, requestId, phase, argv, decision, result };
  appendFileSync(records, `${JSON.stringify(entry)}\n`);
}

function audit(): AuditEntry[] {
  if (!existsSync(records)) return [];
  const lines = readFileSync(records, "utf8").trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as AuditEntry);
}

async function answer(): Promise<Partial<Reply>> {
  const [kind, action, name] = argv;
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
  if (name !== "nginx") {
    record("refused", "not_allowed", null);
    return refusal("not_allowed");
  }
  record("begin", "allow", null);
  while (existsSync(join(folder, "hold"))) await sleep(10);
  record("end", "allow", { code: null, exitCode: 0, timedOut: false, durationMs: 1 });
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

function refusal(code: "not_allowed"): Partial<Reply> {
  return {
    success: false,
    exitCode: null,
    error: { code, message: "security violation: not in the policy" },
  };
}

if (existsSync(join(folder, "silent"))) process.exit(1);
while (existsSync(join(folder, "hang"))) await sleep(10);
const reply: Reply = { ...PLAIN_REPLY, requestId, ...(await answer()) };
process.stdout.write(`${JSON.stringify(reply)}\n`);
process.exitCode = reply.error === null ? 0 : EXIT_STATUS[reply.error.code];
