/** Audit logs that somebody has changed: any change but a cut at the end of a record is seen, and none stops the reader. */
import assert from "node:assert/strict";
import * as fc from "fast-check";
import { verifyChain } from "../../../agent/audit/verify.ts";
import { chain } from "../../agent/audit/chain.ts";
import { oddText } from "../odd-text.ts";
import { target } from "../target.ts";

const phase = fc.constantFrom("refused", "begin", "end");
const record = fc.record({
  requestId: fc.constantFrom("a", "b", "c"),
  phase,
  argv: fc.array(oddText(["service", "restart", "nginx"]), { maxLength: 4 }),
  rule: oddText(["service restart nginx"]),
  user: fc.option(oddText(["agent"])),
});
const place = fc.double({ min: 0, max: 1, noNaN: true });
type Change =
  | { kind: "nothing" }
  | { kind: "bytes"; at: number; cut: number; put: Uint8Array }
  | { kind: "cut"; at: number }
  | { kind: "move"; from: number; to: number }
  | { kind: "again"; from: number; to: number }
  | { kind: "drop"; at: number };
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant("nothing") }),
  fc.record({
    kind: fc.constant("bytes"),
    at: place,
    cut: fc.nat(5),
    put: fc.uint8Array({ maxLength: 5 }),
  }),
  fc.record({ kind: fc.constant("cut"), at: place }),
  fc.record({ kind: fc.constant("move"), from: place, to: place }),
  fc.record({ kind: fc.constant("again"), from: place, to: place }),
  fc.record({ kind: fc.constant("drop"), at: place }),
);

export const audit = target<{ wishes: object[]; change: Change; chunk: number }>({
  input: fc.record({
    wishes: fc.array(record, { maxLength: 8 }),
    change,
    chunk: fc.integer({ min: 1, max: 400 }),
  }),
  async holds({ wishes, change: made, chunk }) {
    const lines = chain(inTurn(wishes)).map((line) => `${line}\n`);
    const whole = Buffer.from(lines.join(""));
    const bytes = changed(whole, lines, made);
    const report = await verifyChain(
      (async function* () {
        for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, at + chunk);
      })(),
    );
    // Where the end is cut off between two records only a witness outside can tell.
    const ends = [0, ...lines.map((_, at) => Buffer.byteLength(lines.slice(0, at + 1).join("")))];
    const prefix = ends.includes(bytes.length) && whole.subarray(0, bytes.length).equals(bytes);
    assert.equal(report.intact, prefix, JSON.stringify(report));
    assert(report.problems.every(({ line }) => line >= 1));
    assert(report.problemCount + report.incompleteBytes > 0 || prefix);
  },
});

/** Without what no helper writes: an end needs its beginning, and no request begins twice. */
function inTurn(wishes: readonly object[]): object[] {
  const begun = new Set<string>();
  return wishes.map((wish) => {
    const { requestId, phase: wanted } = wish as { requestId: string; phase: string };
    const possible = wanted === "refused" || (wanted === "begin") !== begun.has(requestId);
    if (!possible) return { ...wish, phase: "refused" };
    if (wanted === "begin") begun.add(requestId);
    if (wanted === "end") begun.delete(requestId);
    const result = { code: null, exitCode: 0, timedOut: false, durationMs: 1 };
    return wanted === "end" ? { ...wish, result } : wish;
  });
}

function changed(whole: Buffer, lines: readonly string[], made: Change): Buffer {
  const byte = (part: number): number => Math.floor(part * (whole.length + 1));
  const row = (part: number): number => Math.floor(part * lines.length);
  const joined = (rows: readonly string[]): Buffer => Buffer.from(rows.join(""));
  switch (made.kind) {
    case "nothing":
      return whole;
    case "bytes": {
      const rest = whole.subarray(byte(made.at) + made.cut);
      return Buffer.concat([whole.subarray(0, byte(made.at)), made.put, rest]);
    }
    case "cut":
      return whole.subarray(0, byte(made.at));
    case "move": {
      const moved = lines.slice(row(made.from), row(made.from) + 1);
      const others = lines.toSpliced(row(made.from), 1);
      return joined(others.toSpliced(row(made.to), 0, ...moved));
    }
    case "again":
      return joined(
        lines.toSpliced(row(made.to), 0, ...lines.slice(row(made.from), row(made.from) + 1)),
      );
    case "drop":
      return joined(lines.toSpliced(row(made.at), 1));
    default:
      return made satisfies never;
  }
}
