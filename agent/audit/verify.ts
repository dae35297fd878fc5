/**
 * Verifies the chain of the audit log. Written without a look at the helper's code, from the format alone,
 * so that one mistake cannot be made by both.
 */
import { grantsOnRecord } from "./grants-on-record.ts";
import { linesOf } from "./log-file.ts";
import { readRecord, type AuditRecord } from "./record.ts";

/** What stands where; `line` counts from 1. */
export type Note = { line: number; text: string };

export type ChainReport = {
  /** No problem, and no incomplete last record. */
  intact: boolean;
  records: number;
  /** Of the last record; null in an empty log. What an outside witness should remember. */
  last: { seq: number; time: string; hash: string } | null;
  /** At most `SHOWN` of each kind; the counts are complete. */
  problems: Note[];
  problemCount: number;
  warnings: Note[];
  warningCount: number;
  /** Requests that began and did not end: killed with the machine or the helper, or running now. */
  interrupted: Note[];
  interruptedCount: number;
  /** Unfinished lines that helpers found and dropped, as their records tell. */
  mended: number;
  /** Bytes after the last line feed: a helper was killed in mid-write, or the file was cut. */
  incompleteBytes: number;
};

const SHOWN = 20;
const GENESIS = "0".repeat(64);

type Begun = { line: number; argv: readonly string[]; time: string };

/** The clocks of two hosts may differ by this much without a word. */
const CLOCK_TOLERANCE_MS = 600_000;

/**
 * Reads a whole log. Memory grows with the requests under way at once, not with the log. `look` is given each record that
 * is one, whether it hangs in the chain or not.
 */
export async function verifyChain(
  chunks: AsyncIterable<Buffer>,
  look: (record: AuditRecord) => void = () => {},
): Promise<ChainReport> {
  const latest = Date.now() + CLOCK_TOLERANCE_MS;
  const problems = notes();
  const warnings = notes();
  const interrupted = notes();
  const begun = new Map<string, Begun>();
  const followGrants = grantsOnRecord();
  let last: AuditRecord | null = null;
  // Where the next record must hang; null after a line that told nothing.
  let link: { seq: number; hash: string } | null = { seq: 0, hash: GENESIS };
  let records = 0;
  let mended = 0;
  let incompleteBytes = 0;
  let line = 0;

  const interrupt = (): void => {
    for (const { line: at, argv, time } of begun.values()) {
      interrupted.add(at, `${JSON.stringify(argv)} at ${time}`);
    }
    begun.clear();
  };

  for await (const read of linesOf(chunks)) {
    line += 1;
    if (read.kind === "incomplete") {
      incompleteBytes = read.length;
      continue;
    }
    const parsed =
      read.kind === "line" ? readRecord(read.bytes) : { flaw: "longer than any record" };
    if ("flaw" in parsed) {
      problems.add(line, parsed.flaw);
      link = null;
      continue;
    }
    const { record } = parsed;
    records += 1;
    if (link !== null && record.seq !== link.seq + 1) {
      problems.add(
        line,
        `seq ${record.seq} where ${link.seq + 1} was due: records are missing, added or moved`,
      );
    }
    if (link !== null && record.prev !== link.hash) {
      problems.add(line, "prev is not the hash of the record before: one of the two was changed");
    }
    if (last !== null && record.boot !== last.boot) interrupt();
    else if (last !== null && record.time < last.time) {
      warnings.add(line, `time runs backwards, from ${last.time} to ${record.time}`);
    }
    if (Date.parse(record.time) > latest)
      warnings.add(
        line,
        `${record.time} has not come yet: the clock was ahead, or this one is behind`,
      );
    look(record);
    const problem = follow(begun, record, line);
    if (problem !== null) problems.add(line, problem);
    const unfounded = followGrants(record);
    if (unfounded !== null) warnings.add(line, unfounded);
    if (record.torn !== undefined) mended += 1;
    link = record;
    last = record;
  }
  interrupt();

  return {
    intact: problems.count() === 0 && incompleteBytes === 0,
    records,
    last: last === null ? null : { seq: last.seq, time: last.time, hash: last.hash },
    problems: problems.shown,
    problemCount: problems.count(),
    warnings: warnings.shown,
    warningCount: warnings.count(),
    interrupted: interrupted.shown,
    interruptedCount: interrupted.count(),
    mended,
    incompleteBytes,
  };
}

/** Pairs beginnings and ends; what is wrong with this record's place among them, or null. */
function follow(begun: Map<string, Begun>, record: AuditRecord, line: number): string | null {
  const { phase, requestId, argv, time } = record;
  switch (phase) {
    case "refused":
    case "note":
      return null;
    case "begin":
      if (begun.has(requestId)) return "the same request begins twice";
      begun.set(requestId, { line, argv, time });
      return null;
    case "end":
      return begun.delete(requestId) ? null : "an end without its beginning";
    default:
      return phase satisfies never;
  }
}

type Notes = { shown: Note[]; add(line: number, text: string): void; count(): number };

function notes(): Notes {
  const shown: Note[] = [];
  let count = 0;
  return {
    shown,
    add(line, text) {
      count += 1;
      if (shown.length < SHOWN) shown.push({ line, text });
    },
    count: () => count,
  };
}
