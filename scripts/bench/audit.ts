/** Audit logs of a hundred thousand and of a million records, verified and asked, by the program as it is built. */
import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { signed } from "../../agent/audit/checkpoint.ts";
import { BOOT, writeAuditLog } from "./audit-log.ts";
import { MEASURE, measuredIn, type Measured } from "./measured.ts";
import { quantile } from "./quantile.ts";
import type { Report } from "./report.ts";

const root = resolve(import.meta.dirname, "../..");
const PROGRAM = join(root, "dist/sallyport");
/** BENCH_RECORDS in the long log; the short one has a tenth. */
const RECORDS = Number(process.env["BENCH_RECORDS"] ?? 1_000_000);
const ROUNDS = 3;
/** As if the timer had signed every few hundred requests. */
const SIGNED_EVERY = 1000;

export async function benchAudit(): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), "sallyport-bench-audit-"));
  try {
    const [short, long] = [join(folder, "short"), join(folder, "long")];
    writeLog(short, RECORDS / 10);
    writeLog(long, RECORDS);
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

/** A log, what was signed of it, and the key: `file`, `file.checkpoints`, `file.pub`. */
function writeLog(file: string, records: number): void {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const pair = { private: privateKey, public: publicKey };
  const checkpoints: string[] = [];
  writeAuditLog(file, records, ({ seq, hash, time }) => {
    if (seq % SIGNED_EVERY !== 0) return;
    const facts = { v: 1, seq, hash, time, boot: BOOT, uptimeMs: seq * 1000 } as const;
    checkpoints.push(`${JSON.stringify(signed(facts, pair))}\n`);
  });
  writeFileSync(`${file}.checkpoints`, checkpoints.join(""));
  writeFileSync(`${file}.pub`, publicKey.export({ type: "spki", format: "pem" }));
}

/** Side by side. */
async function measured(commands: readonly string[][]): Promise<Measured[]> {
  const words = commands.flatMap((command) => ["--", ...command]);
  const child = spawn("/usr/bin/perl", [MEASURE, String(ROUNDS), ...words], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  await once(child, "close");
  return measuredIn(said, commands);
}
