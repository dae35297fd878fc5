/**
 * What is remembered of runs, in SQLite: each step is on record as begun before anything of it runs, and as ended after.
 * So after a crash it is known what is done, what was not begun, and what may have run.
 */
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { openDatabase } from "./database.ts";
import type { Executed } from "./execution.ts";
import { isAlive, thisOwner } from "./owner.ts";
import { storedPlan, type Plan } from "./plan.ts";
import { runIn, stepIn, type NewRun, type RunRecord, type StepRecord } from "./record.ts";
import { castFolder } from "./state-folder.ts";
import { isOver, type FinalRunState, type FinalState } from "./state.ts";

/** Of runs that are over; older ones are forgotten, with their recordings. */
const RUNS_MAX = 500;

/** `busy`: another process runs it. `over`: there is nothing left to run. `cancelled` before it was begun. */
/** `busy`: another process runs it; `over`: there is nothing left to run; `none`: there is no such run. */
export type Claim = "claimed" | "busy" | "over" | "none";

export type Store = {
  folder: string;
  /** Its id, to be typed by a person. It waits until somebody claims it. */
  create: (run: NewRun) => string;
  /** From now on this process runs it, until it is ended or this process is gone. */
  claim: (run: string) => Claim;
  /** `durable`: it outlives a power failure. Throws where it cannot be written: then nothing may be begun. */
  begin: (run: string, step: string, attempt: number, durable: boolean) => void;
  /** What running steps have printed so far. */
  printed: (
    run: string,
    outputs: ReadonlyMap<string, { text: string; truncated: boolean }>,
  ) => void;
  end: (run: string, step: string, end: Executed) => void;
  /** Of a step that was not begun. */
  settle: (run: string, step: string, state: FinalState, reason: string) => void;
  /** A step that was begun and has no end: it begins anew. */
  rewind: (run: string, step: string) => void;
  /** A step waits for a person, who is told `why`. */
  hold: (run: string, step: string, why: string) => void;
  /** No process runs it any more; it waits for a person. */
  pause: (run: string) => void;
  finish: (run: string, state: FinalRunState) => void;
  /** `over` already, `none` such; `cancelled` at once where no process runs it; else it will be. */
  cancel: (run: string) => "over" | "none" | "cancelled" | "requested";
  cancelRequested: (run: string) => boolean;
  run: (run: string) => RunRecord | null;
  /** Null where it is not what its digest says. */
  plan: (run: string) => Plan | null;
  steps: (run: string) => StepRecord[];
  /** The same without what they printed. */
  outline: (run: string) => StepRecord[];
  step: (run: string, step: string) => StepRecord | null;
  /** How many of this client's runs wait for a person. */
  waiting: (client: string) => number;
  /** Newest first. */
  list: (limit: number) => RunRecord[];
  close: () => void;
};

/** Letters that are not taken for others. */
const ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789";

/** `flaw`: why runs cannot be remembered, so that none is begun (lowercase, no period). */
export function openStore(folder: string): Store | { flaw: string } {
  const db = openDatabase(folder);
  return "flaw" in db ? db : storeIn(db, folder);
}

function storeIn(db: DatabaseSync, folder: string): Store {
  const sql = statements(db);
  const owner = JSON.stringify(thisOwner());
  let durably = false;

  /** At once, or not at all; others wait. */
  function together<T>(act: () => T): T {
    db.exec("BEGIN IMMEDIATE");
    try {
      const done = act();
      db.exec("COMMIT");
      return done;
    } catch (error) {
      db.exec("ROLLBACK");
      throw error;
    }
  }
  function run(id: string): RunRecord | null {
    const row = sql.run.get(id);
    return row === undefined ? null : runIn(row, isAlive);
  }
  function prune(): void {
    for (const row of sql.old.all(RUNS_MAX)) {
      const id = String(row["id"]);
      sql.forget.run(id);
      rmSync(castFolder(folder, id), { recursive: true, force: true });
    }
  }

  return {
    folder,
    create({ plan, file, client, claim, secrets }) {
      const id = newId();
      const text = JSON.stringify(plan);
      together(() => {
        const created = new Date().toISOString();
        sql.create.run(id, plan.name, created, plan.digest, text, file, client, claim, secrets);
        for (const [position, step] of plan.steps.entries()) sql.add.run(id, step.id, position);
      });
      prune();
      return id;
    },
    claim: (id) =>
      together((): Claim => {
        const found = run(id);
        if (found === null) return "none";
        if (isOver(found.state)) return "over";
        if (found.state === "running") return "busy";
        sql.own.run(owner, id);
        return "claimed";
      }),
    begin(id, step, attempt, durable) {
      if (durable !== durably) db.exec(`PRAGMA synchronous = ${durable ? "FULL" : "NORMAL"}`);
      durably = durable;
      sql.begin.run(attempt, new Date().toISOString(), id, step);
    },
    printed(id, outputs) {
      together(() => {
        for (const [step, { text, truncated }] of outputs)
          sql.printed.run(text, truncated ? 1 : 0, id, step);
      });
    },
    end(id, step, end) {
      sql.end.run(
        end.state,
        end.exitStatus,
        end.signal,
        end.output,
        end.truncated ? 1 : 0,
        Math.round(end.durationMs),
        end.reason,
        end.castSha256,
        id,
        step,
      );
    },
    settle: (id, step, state, reason) => void sql.settle.run(state, reason, id, step),
    rewind: (id, step) => void sql.rewind.run(id, step),
    hold: (id, step, why) => void sql.settle.run("waiting", why, id, step),
    pause: (id) => void sql.pause.run(id),
    finish: (id, state) => void sql.finish.run(state, new Date().toISOString(), id),
    cancel: (id) =>
      together(() => {
        const found = run(id);
        if (found === null) return "none";
        if (isOver(found.state)) return "over";
        if (found.state === "running") {
          sql.cancel.run(id);
          return "requested";
        }
        sql.cancelSteps.run(id);
        sql.finish.run("cancelled", new Date().toISOString(), id);
        return "cancelled";
      }),
    cancelRequested: (id) => sql.isCancelled.get(id)?.["cancel"] === 1,
    run,
    plan(id) {
      const text = sql.plan.get(id)?.["plan"];
      return typeof text === "string" ? storedPlan(text) : null;
    },
    steps: (id) => sql.steps.all(id).map(stepIn),
    outline: (id) => sql.outline.all(id).map(stepIn),
    step(id, step) {
      const row = sql.step.get(id, step);
      return row === undefined ? null : stepIn(row);
    },
    waiting: (client) => Number(sql.waiting.get(client)?.["number"]),
    list: (limit) => sql.list.all(limit).map((row) => runIn(row, isAlive)),
    close: () => db.close(),
  };
}

/** Fifty bits. */
function newId(): string {
  return Array.from(randomBytes(10), (byte) => ALPHABET[byte % ALPHABET.length]).join("");
}

function statements(db: DatabaseSync) {
  const of = (text: string): StatementSync => db.prepare(text);
  const over = "('waiting', 'running')";
  return {
    create: of(
      `INSERT INTO runs (id, name, created, state, digest, plan, file, client, claim, secrets)
       VALUES (?, ?, ?, 'waiting', ?, ?, ?, ?, ?, ?)`,
    ),
    add: of("INSERT INTO steps (run, id, position, state) VALUES (?, ?, ?, 'waiting')"),
    own: of("UPDATE runs SET state = 'running', owner = ?, cancel = 0 WHERE id = ?"),
    begin: of(
      `UPDATE steps SET state = 'running', attempt = ?, started = ?, output = '', truncated = 0, reason = ''
       WHERE run = ? AND id = ?`,
    ),
    printed: of(
      "UPDATE steps SET output = ?, truncated = ? WHERE run = ? AND id = ? AND state = 'running'",
    ),
    end: of(
      `UPDATE steps SET state = ?, exitStatus = ?, signal = ?, output = ?, truncated = ?, durationMs = ?,
       reason = ?, castSha256 = ? WHERE run = ? AND id = ?`,
    ),
    settle: of("UPDATE steps SET state = ?, reason = ? WHERE run = ? AND id = ?"),
    rewind: of("UPDATE steps SET state = 'waiting' WHERE run = ? AND id = ? AND state = 'running'"),
    pause: of("UPDATE runs SET state = 'waiting', owner = NULL WHERE id = ?"),
    finish: of("UPDATE runs SET state = ?, ended = ?, owner = NULL WHERE id = ?"),
    cancel: of("UPDATE runs SET cancel = 1 WHERE id = ?"),
    cancelSteps: of(`UPDATE steps SET state = 'cancelled' WHERE run = ? AND state IN ${over}`),
    isCancelled: of("SELECT cancel FROM runs WHERE id = ?"),
    run: of("SELECT * FROM runs WHERE id = ?"),
    plan: of("SELECT plan FROM runs WHERE id = ?"),
    steps: of("SELECT * FROM steps WHERE run = ? ORDER BY position"),
    list: of("SELECT * FROM runs ORDER BY rowid DESC LIMIT ?"),
    outline: of(
      `SELECT id, state, attempt, started, exitStatus, signal, '' AS output, truncated, durationMs, reason,
       castSha256 FROM steps WHERE run = ? ORDER BY position`,
    ),
    step: of("SELECT * FROM steps WHERE run = ? AND id = ?"),
    waiting: of("SELECT count(*) AS number FROM runs WHERE client = ? AND state = 'waiting'"),
    old: of(`SELECT id FROM runs WHERE state NOT IN ${over} ORDER BY rowid DESC LIMIT -1 OFFSET ?`),
    forget: of("DELETE FROM runs WHERE id = ?"),
  };
}
