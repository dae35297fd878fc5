/**
 * The audit log against the checkpoints that were signed of it: what was cut off its end, or written anew from the start,
 * is in a chain of its own right, but not in the one that was signed.
 */
import type { KeyObject } from "node:crypto";
import { isSignedBy, readCheckpoint, type Checkpoint } from "./checkpoint.ts";
import { bytesOf, linesOf } from "./log-file.ts";
import type { AuditRecord } from "./record.ts";
import { verifyChain, type ChainReport, type Note } from "./verify.ts";

/** Between two checkpoints a clock that is kept right drifts by less. */
const CLOCK_TOLERANCE_MS = 10_000;
const SHOWN = 20;

export type CheckpointReport = {
  file: string;
  /** How many are in the file and could be read. */
  count: number;
  /** The one of the highest `seq` that holds: the log is whole at least to there. */
  last: { seq: number; time: string; hash: string } | null;
  /** Whether signatures were checked, and there was a key to do it with. */
  signaturesChecked: boolean;
  /** At most `SHOWN`; the count is complete. `line` is that in the file of checkpoints. */
  problems: Note[];
  problemCount: number;
  warnings: Note[];
};

export type WitnessedReport = { chain: ChainReport; checkpoints: CheckpointReport };

/**
 * `chunks`: the log. `file`: its checkpoints; none where it is not there. `key`: null where nobody has it.
 * Memory grows with the checkpoints, not with the log. Throws as open(2) does, but for a missing file of checkpoints.
 */
export async function verifyWitnessed(
  chunks: AsyncIterable<Buffer>,
  file: string,
  key: KeyObject | null,
): Promise<WitnessedReport> {
  const found: { line: number; text: string }[] = [];
  const warnings: Note[] = [];
  const read = await readCheckpoints(file, key, found, warnings);
  const due = new Map<number, { line: number; checkpoint: Checkpoint }[]>();
  for (const one of read) {
    const { seq } = one.checkpoint;
    due.set(seq, [...(due.get(seq) ?? []), one]);
  }
  let last: CheckpointReport["last"] = null;
  const chain = await verifyChain(chunks, (record: AuditRecord) => {
    for (const { line, checkpoint } of due.get(record.seq) ?? []) {
      if (checkpoint.hash === record.hash)
        last = { seq: record.seq, time: checkpoint.time, hash: record.hash };
      else found.push({ line, text: `record ${record.seq} is not the one that was signed` });
    }
    due.delete(record.seq);
  });
  const end = chain.last?.seq ?? 0;
  for (const { line, checkpoint } of [...due.values()].flat()) {
    const { seq, time } = checkpoint;
    const now = seq > end ? `the log ends at record ${end}: it was cut` : "is there no more";
    found.push({ line, text: `record ${seq} was there at ${time}, and ${now}` });
  }
  found.sort((one, other) => one.line - other.line);
  const checkpoints = {
    file,
    count: read.length,
    last,
    signaturesChecked: key !== null,
    problems: found.slice(0, SHOWN),
    problemCount: found.length,
    warnings: warnings.slice(0, SHOWN),
  };
  return { chain, checkpoints };
}

/** Those that are signed, or look so where there is no key. */
async function readCheckpoints(
  file: string,
  key: KeyObject | null,
  found: Note[],
  warnings: Note[],
) {
  const read: { line: number; checkpoint: Checkpoint }[] = [];
  let line = 0;
  let before: Checkpoint | null = null;
  try {
    for await (const one of linesOf(bytesOf(file))) {
      line += 1;
      if (one.kind === "incomplete") {
        warnings.push({ line, text: `an unfinished checkpoint of ${one.length} bytes` });
        continue;
      }
      const checkpoint =
        one.kind === "line" ? readCheckpoint(one.bytes) : { flaw: "longer than any checkpoint" };
      if ("flaw" in checkpoint) {
        found.push({ line, text: checkpoint.flaw });
        continue;
      }
      if (key !== null && !isSignedBy(checkpoint, key)) {
        found.push({ line, text: "its signature is not that of this key" });
        continue;
      }
      const jump = before === null ? null : clockJump(before, checkpoint);
      if (jump !== null) warnings.push({ line, text: jump });
      before = checkpoint;
      read.push({ line, checkpoint });
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  return read;
}

/** Within one boot the clock must have gone on as long as the host has. */
function clockJump(before: Checkpoint, after: Checkpoint): string | null {
  // After another boot the clock may not have been set yet.
  if (before.boot !== after.boot) return null;
  const wall = Date.parse(after.time) - Date.parse(before.time);
  const jump = wall - (after.uptimeMs - before.uptimeMs);
  if (Math.abs(jump) <= CLOCK_TOLERANCE_MS) return null;
  const seconds = Math.round(Math.abs(jump) / 1000);
  return `the clock was set ${jump > 0 ? "forward" : "back"} by about ${seconds} s since ${before.time}`;
}
