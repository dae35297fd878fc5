/** Audit logs of a hundred thousand and of a million records, verified and asked, by the program as it is built. */
import { spawn } from "node:child_process";
import { createHash, generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { signed } from "../../agent/audit/checkpoint.ts";
import { quantile } from "./quantile.ts";
import type { Report } from "./report.ts";

const root = resolve(import.meta.dirname, "../..");
const PROGRAM = join(root, "dist/sallyport");
/** BENCH_RECORDS in the long log; the short one has a tenth. */
const RECORDS = Number(process.env["BENCH_RECORDS"] ?? 1_000_000);
const ROUNDS = 3;
/** As if the timer had signed every few hundred requests. */
const SIGNED_EVERY = 1000;
const BOOT = "6f1c7a7e-0000-4000-8000-000000000000";
const POLICY = "ab".repeat(32);

export async function benchAudit(): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), "sallyport-bench-audit-"));
  try {
    const [short, long] = [join(folder, "short"), join(folder, "long")];
    await writeLog(short, RECORDS / 10);
    await writeLog(long, RECORDS);
    const verify = (file: string): string[] => {
      const words = ["--checkpoints", `${file}.checkpoints`, "--key", `${file}.pub`];
      return [PROGRAM, "audit", "verify", "--json", "--file", file, ...words];
    };
    const query = [PROGRAM, "audit", "query", "--file", long, "--elevated"];
    const [tenth, whole, asked] = await measured([verify(short), verify(long), query]);
    if (tenth === undefined || whole === undefined || asked === undefined)
      throw new Error("not all were measured");
    const sample = (name: string, { ms, peakMiB }: Measured) => {
      return { name, medianMs: quantile(ms, 0.5), p99Ms: quantile(ms, 0.99), peakMiB };
    };
    const seconds = quantile(whole.ms, 0.5) / 1000;
    return {
      samples: [
        sample(`verify ${RECORDS / 10} records, signed`, tenth),
        sample(`verify ${RECORDS} records, signed`, whole),
        sample(`query ${RECORDS} records`, asked),
      ],
      figures: [
        { name: "records verified in a second", value: RECORDS / seconds, atMost: null },
        {
          name: "peak memory of ten times the records, to that of one",
          value: whole.peakMiB / tenth.peakMiB,
          atMost: 1.25,
        },
      ],
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A log as helpers write it, what was signed of it, and the key: `file`, `file.checkpoints`, `file.pub`. */
async function writeLog(file: string, records: number): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const checkpoints: string[] = [];
  const log = createWriteStream(file);
  let prev = "0".repeat(64);
  for (let seq = 1; seq <= records; seq += 1) {
    const time = new Date(Date.UTC(2026, 0, 1) + seq * 1000).toISOString();
    const begins = seq % 2 === 1;
    const result = { code: null, exitCode: 0, timedOut: false, durationMs: 153 };
    const body = JSON.stringify({
      v: 1,
      seq,
      time,
      boot: BOOT,
      uid: 1001,
      user: "agent",
      via: "sudo",
      requestId: `1767225600000-${Math.ceil(seq / 2)}`,
      phase: begins ? "begin" : "end",
      argv: ["service", "restart", "nginx"],
      decision: "allow",
      rule: "service restart nginx",
      policyHash: POLICY,
      result: begins ? undefined : result,
      prev,
    });
    prev = createHash("sha256").update(body).digest("hex");
    if (!log.write(`${body.slice(0, -1)},"hash":"${prev}"}\n`)) await once(log, "drain");
    if (seq % SIGNED_EVERY !== 0) continue;
    const facts = { v: 1, seq, hash: prev, time, boot: BOOT, uptimeMs: seq * 1000 } as const;
    const pair = { private: privateKey, public: publicKey };
    checkpoints.push(`${JSON.stringify(signed(facts, pair))}\n`);
  }
  log.end();
  await once(log, "finish");
  writeFileSync(`${file}.checkpoints`, checkpoints.join(""));
  writeFileSync(`${file}.pub`, publicKey.export({ type: "spki", format: "pem" }));
}

type Measured = { ms: number[]; peakMiB: number };

/** Each command side by side with the others, by measure.pl; throws where one fails. */
async function measured(commands: readonly string[][]): Promise<Measured[]> {
  const words = commands.flatMap((command) => ["--", ...command]);
  const script = join(import.meta.dirname, "measure.pl");
  const child = spawn("/usr/bin/perl", [script, String(ROUNDS), ...words], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  await once(child, "close");
  const found = commands.map((): Measured => ({ ms: [], peakMiB: 0 }));
  for (const line of said.trimEnd().split("\n")) {
    const [number = 0, us = 0, kib = 0, status] = line.split(" ").map(Number);
    const one = found[number];
    if (one === undefined || status !== 0) throw new Error(`a command failed: ${line}`);
    one.ms.push(us / 1000);
    one.peakMiB = Math.max(one.peakMiB, kib / 1024);
  }
  return found;
}
