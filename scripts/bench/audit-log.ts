/** An audit log of any length, in the format that SECURITY.md promises: what a helper would have written, much faster. */
import { createHash } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";

export const BOOT = "6f1c7a7e-0000-4000-8000-000000000000";
const GENESIS = "0".repeat(64);
/** Between two writes. */
const BATCH = 10_000;

type Written = { seq: number; hash: string; time: string };

/** What one agent asks of one service, `records` of them, a second apart; `each` is told what could be signed. */
export function writeAuditLog(
  file: string,
  records: number,
  each: (written: Written) => void = () => {},
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
      argv: ["service", "restart", "nginx"],
      decision: "allow",
      rule: "service restart nginx",
      policyHash: GENESIS,
      ...(phase === "end"
        ? { result: { code: null, exitCode: 0, timedOut: false, durationMs: 153 } }
        : {}),
      prev,
    });
    prev = createHash("sha256").update(body).digest("hex");
    each({ seq, hash: prev, time });
    lines.push(`${body.slice(0, -1)},"hash":"${prev}"}\n`);
    if (lines.length < BATCH && seq < records) continue;
    writeSync(fd, lines.join(""));
    lines = [];
  }
  closeSync(fd);
}
