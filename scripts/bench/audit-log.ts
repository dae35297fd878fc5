/** An audit log of any length, in the format that SECURITY.md promises: what a helper would have written, much faster. */
import { createHash } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";

const GENESIS = "0".repeat(64);
const BOOT = "00000000-0000-4000-8000-000000000000";
/** Between two writes. */
const BATCH = 10_000;

/** What a checkpoint says of a record. */
export type Written = { seq: number; hash: string; time: string; boot: string };

/** Reads of one service by one agent, `records` of them, a second apart; `each` is told what was written. */
export function writeAuditLog(
  file: string,
  records: number,
  each: (written: Written) => void = () => undefined,
): void {
  const fd = openSync(file, "w", 0o640);
  const begun = Date.UTC(2026, 0, 1);
  let prev = GENESIS;
  let lines: string[] = [];
  for (let seq = 1; seq <= records; seq += 1) {
    const request = Math.ceil(seq / 2);
    const phase = seq % 2 === 1 ? "begin" : "end";
    const time = new Date(begun + seq * 1000).toISOString();
    const body = JSON.stringify({
      v: 1,
      seq,
      time,
      boot: BOOT,
      uid: 1001,
      user: "agent",
      via: "sudo",
      requestId: `${begun}-${request}`,
      phase,
      argv: ["service", "status", "nginx"],
      decision: "allow",
      rule: "service status nginx",
      policyHash: GENESIS,
      ...(phase === "end"
        ? { result: { code: null, exitCode: 0, timedOut: false, durationMs: 10 } }
        : {}),
      prev,
    });
    prev = createHash("sha256").update(body).digest("hex");
    each({ seq, hash: prev, time, boot: BOOT });
    lines.push(`${body.slice(0, -1)},"hash":"${prev}"}\n`);
    if (lines.length < BATCH && seq < records) continue;
    writeSync(fd, lines.join(""));
    lines = [];
  }
  closeSync(fd);
}
