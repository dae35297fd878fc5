/**
 * What is remembered of sandboxed runs, beside those of workflows: what each was, what confined it, what came of it.
 * And so it is known which sandboxes have outlived the process that made them.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { z } from "zod";
import { openDatabase, type Kept } from "../workflow/database.ts";
import { isAlive, processOf, thisOwner, type Owner } from "../workflow/owner.ts";
import { ownerSchema } from "../workflow/record.ts";
import type { Execution } from "./execute.ts";
import type { SandboxEvent } from "./executor.ts";
import { orphanedSandboxes } from "./orphans.ts";
import {
  digestOf,
  endOf,
  languageOf,
  RESULTS,
  type RecordedEnd,
  type SandboxRecord,
} from "./record.ts";

/** Of those that have ended; older ones are forgotten. */
export const RECORDS_MAX = 1000;

const SANDBOXES: Kept = {
  file: "sandboxes.sqlite",
  version: 1,
  schema: `
    CREATE TABLE sandboxes (
      id TEXT PRIMARY KEY,
      asker TEXT NOT NULL,
      language TEXT NOT NULL,
      digest TEXT NOT NULL,
      workspace TEXT,
      started TEXT NOT NULL,
      owner TEXT NOT NULL,
      process TEXT,
      result TEXT NOT NULL,
      durationMs INTEGER,
      end TEXT
    ) STRICT;
    CREATE INDEX results ON sandboxes (result);
  `,
};

export type SandboxNumbers = {
  /** Remembered: the newest `RECORDS_MAX` that have ended, and those that run. */
  total: number;
  running: number;
  succeeded: number;
  failed: number;
  stopped: number;
  refused: number;
  lost: number;
  /** Of those that run. */
  oldestMs: number | null;
  /** From their start to their end, of those that ended. */
  averageMs: number | null;
};

export type SandboxRecords = {
  watch(event: SandboxEvent): void;
  /** Ends what has outlived the process that made it; how many there were. */
  sweep(): number;
  numbers(): SandboxNumbers;
  /** Newest first. */
  list(limit: number): SandboxRecord[];
  close(): void;
};

/**
 * `flaw`: why nothing can be remembered. `trouble`: a run could not be written down; it goes on all the same, for it is
 * the sandbox that holds it.
 */
export function openRecords(
  folder: string,
  trouble: (error: unknown) => void,
): SandboxRecords | { flaw: string } {
  const db = openDatabase(folder, SANDBOXES);
  return "flaw" in db ? db : recordsIn(db, trouble);
}

function recordsIn(db: DatabaseSync, trouble: (error: unknown) => void): SandboxRecords {
  const sql = statements(db);
  const owner = JSON.stringify(thisOwner());

  function begin(id: string, by: string, execution: Execution): void {
    const { workspace } = execution;
    sql.begin.run(
      id,
      by,
      languageOf(execution),
      digestOf(execution),
      workspace?.folder ?? null,
      new Date().toISOString(),
      owner,
    );
  }
  function write(event: SandboxEvent): void {
    switch (event.kind) {
      case "begun":
        return begin(event.id, event.by, event.execution);
      case "started": {
        const { id, pid } = event;
        return void sql.process.run(JSON.stringify(processOf(pid)), id);
      }
      case "ended": {
        const { id, by, execution, executed } = event;
        const end = endOf(executed);
        if (sql.one.get(id) === undefined) begin(id, by, execution);
        sql.end.run(end.result, end.durationMs, JSON.stringify(end), id);
        sql.prune.run(RECORDS_MAX);
        return;
      }
      default:
        return event satisfies never;
    }
  }

  return {
    watch(event) {
      try {
        write(event);
      } catch (error) {
        trouble(error);
      }
    },
    sweep() {
      let [ended, lost] = [0, 0];
      for (const row of sql.running.all()) {
        const { id, owner: made, process: ran } = runningRow.parse(row);
        if (isAlive(ownerIn(made))) continue;
        const left = ran === null ? null : ownerIn(ran);
        if (left !== null && isAlive(left)) {
          kill(left.pid);
          ended += 1;
        }
        sql.lose.run(id);
        lost += 1;
      }
      // Of one that was killed as it began not even the process is on record that is left.
      for (const pid of lost > 0 ? orphanedSandboxes() : []) {
        kill(pid);
        ended += 1;
      }
      return ended;
    },
    numbers() {
      const counts = new Map(
        sql.count.all().map((row) => {
          const { result, number } = countRow.parse(row);
          return [result, number] as const;
        }),
      );
      const of = (result: string): number => counts.get(result) ?? 0;
      const { oldest } = oldestRow.parse(sql.oldest.get());
      const { average } = averageRow.parse(sql.average.get());
      return {
        total: [...counts.values()].reduce((sum, number) => sum + number, 0),
        running: of("running"),
        succeeded: of("succeeded"),
        failed: of("failed"),
        stopped: of("stopped"),
        refused: of("refused"),
        lost: of("lost"),
        oldestMs: oldest === null ? null : Math.max(0, Date.now() - Date.parse(oldest)),
        averageMs: average === null ? null : Math.round(average),
      };
    },
    list: (limit) => sql.list.all(limit).map(recordIn),
    close: () => db.close(),
  };
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

function ownerIn(text: string): Owner {
  return ownerSchema.parse(JSON.parse(text));
}

const runningRow = z.looseObject({
  id: z.string(),
  owner: z.string(),
  process: z.string().nullable(),
});
const countRow = z.looseObject({ result: z.string(), number: z.int() });
const oldestRow = z.looseObject({ oldest: z.string().nullable() });
const averageRow = z.looseObject({ average: z.number().nullable() });
const recordRow = z.looseObject({
  id: z.string(),
  asker: z.string(),
  language: z.string(),
  digest: z.string(),
  workspace: z.string().nullable(),
  started: z.string(),
  result: z.enum(RESULTS),
  end: z.string().nullable(),
});

function recordIn(row: unknown): SandboxRecord {
  const { id, asker, language, digest, workspace, started, result, end } = recordRow.parse(row);
  const record = { id, by: asker, language, digest, workspace, started };
  if (result === "running" || result === "lost") return { ...record, result };
  // Written by this program alone, in the version that the file is of.
  return { ...record, ...(JSON.parse(end ?? "null") as RecordedEnd) };
}

function statements(db: DatabaseSync) {
  const of = (text: string): StatementSync => db.prepare(text);
  return {
    begin: of(
      `INSERT INTO sandboxes (id, asker, language, digest, workspace, started, owner, result)
       VALUES (?, ?, ?, ?, ?, ?, ?, 'running')`,
    ),
    process: of("UPDATE sandboxes SET process = ? WHERE id = ?"),
    end: of(
      "UPDATE sandboxes SET result = ?, durationMs = ?, end = ?, process = NULL WHERE id = ?",
    ),
    lose: of("UPDATE sandboxes SET result = 'lost' WHERE id = ? AND result = 'running'"),
    one: of("SELECT * FROM sandboxes WHERE id = ?"),
    running: of("SELECT id, owner, process FROM sandboxes WHERE result = 'running'"),
    count: of("SELECT result, count(*) AS number FROM sandboxes GROUP BY result"),
    oldest: of("SELECT min(started) AS oldest FROM sandboxes WHERE result = 'running'"),
    average: of("SELECT avg(durationMs) AS average FROM sandboxes"),
    list: of("SELECT * FROM sandboxes ORDER BY rowid DESC LIMIT ?"),
    prune: of(
      `DELETE FROM sandboxes WHERE rowid IN
       (SELECT rowid FROM sandboxes WHERE result != 'running' ORDER BY rowid DESC LIMIT -1 OFFSET ?)`,
    ),
  };
}
