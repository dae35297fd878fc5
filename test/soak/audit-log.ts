/** The audit log as it lies on a host, read without the product: records, and acts as pairs of them. */
import { LOGS } from "./ground.ts";
import type { Machine } from "./machine.ts";

export type Entry = {
  seq: number;
  time: string;
  boot: string;
  uid: number | null;
  requestId: string;
  phase: "begin" | "end" | "refused" | "note";
  argv: string[];
  decision: string;
  rule: string;
  result?: { code: string | null };
};

/** A request that was begun. Times in milliseconds; `to` is null where no end is on record: nobody knows what came of it. */
export type Act = {
  words: string[];
  boot: string;
  from: number;
  to: number | null;
  code: string | null;
};

export async function entriesOf(machine: Machine): Promise<Entry[]> {
  const text = await machine.script(`cat ${LOGS}/audit.jsonl`);
  return text.split("\n").flatMap((line) => entryIn(line) ?? []);
}

/** What is no record is found by `audit verify`. */
function entryIn(line: string): Entry | null {
  try {
    return JSON.parse(line) as Entry;
  } catch {
    return null;
  }
}

export function actsIn(entries: readonly Entry[]): Act[] {
  const ends = new Map(
    entries.filter(({ phase }) => phase === "end").map((one) => [one.requestId, one]),
  );
  return entries
    .filter(({ phase }) => phase === "begin")
    .map(({ requestId, argv, boot, time }) => {
      const end = ends.get(requestId);
      const to = end === undefined ? null : Date.parse(end.time);
      const code = end?.result?.code ?? null;
      return { words: argv, boot, from: Date.parse(time), to, code };
    });
}
