/** Audit logs as the helper writes them, of records that a test makes up. */
import { createHash } from "node:crypto";

export type Fields = Record<string, unknown>;

const BOOT = "6f1c7a7e-0000-4000-8000-000000000000";

function body(seq: number, prev: string, fields: Fields): Fields {
  const { result, torn, ...rest } = fields;
  return {
    v: 1,
    seq,
    time: new Date(Date.UTC(2026, 6, 22) + seq * 1000).toISOString(),
    boot: BOOT,
    uid: 1000,
    user: "agent",
    via: "sudo",
    requestId: "r",
    phase: "refused",
    argv: ["service", "restart", "nginx"],
    decision: "allow",
    rule: "service restart nginx",
    policyHash: "ab".repeat(32),
    ...rest,
    ...(result === undefined ? {} : { result }),
    ...(torn === undefined ? {} : { torn }),
    prev,
  };
}

function sealed(record: Fields): { line: string; hash: string } {
  return sealedText(JSON.stringify(record));
}

export function sealedText(text: string): { line: string; hash: string } {
  const hash = createHash("sha256").update(text).digest("hex");
  return { line: `${text.slice(0, -1)},"hash":"${hash}"}`, hash };
}

/** Lines of a log; `change` may give a record other fields before it is sealed. */
export function chain(
  wishes: Fields[],
  change: (record: Fields, seq: number) => Fields = (r) => r,
): string[] {
  let prev = "0".repeat(64);
  return wishes.map((wish, at) => {
    const { line, hash } = sealed(change(body(at + 1, prev, wish), at + 1));
    prev = hash;
    return line;
  });
}

export function textOf(lines: string[]): Buffer {
  return Buffer.from(lines.map((line) => `${line}\n`).join(""));
}
