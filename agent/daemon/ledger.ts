/**
 * What the daemon has served, in SQLite: one row when it asks the helper, completed by the answer. After a
 * crash the rows without one are the requests whose outcome nobody was told. The audit log is the helper's;
 * this is how the daemon finds its own requests in it.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { join } from "node:path";

/** More are pruned, oldest first, every PRUNE_EVERY rows. */
const ROWS_MAX = 100_000;
const PRUNE_EVERY = 1000;
/** Outcomes that could not be written yet, kept for when they can. */
const LATE_MAX = 10_000;
const SQLITE_BUSY = 5;

type Asked = { client: string; tool: string | null; argv: readonly string[] };
type Outcome = {
  code: string;
  durationMs: number;
  /** The helper's, by which the audit log knows it; null where it was not told. */
  requestId: string | null;
  known: boolean;
};
/** A request whose outcome nobody was told. `time` is ISO 8601. */
export type Open = {
  id: number;
  time: string;
  client: string;
  tool: string | null;
  argv: string[];
};

export type Ledger = {
  /** The row's id, or null where it cannot be written. `durable`: it outlives a power failure. */
  begin(asked: Asked, durable: boolean): number | null;
  end(id: number, outcome: Outcome): void;
  /** Whether the audit log's request is one whose answer this daemon had. */
  knows(requestId: string): boolean;
  /** What the audit log told about a row of `unknown`. */
  identify(id: number, requestId: string): void;
  writable(): boolean;
  close(): void;
};

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time TEXT NOT NULL,
    client TEXT NOT NULL,
    tool TEXT,
    argv TEXT NOT NULL,
    code TEXT,
    durationMs INTEGER,
    requestId TEXT,
    outcome TEXT NOT NULL CHECK (outcome IN ('pending', 'known', 'unknown'))
  ) STRICT;
  CREATE INDEX IF NOT EXISTS pending ON requests (id) WHERE outcome = 'pending';
  CREATE INDEX IF NOT EXISTS byRequestId ON requests (requestId) WHERE requestId IS NOT NULL;
`;

type Opened = {
  db: DatabaseSync;
  begin: StatementSync;
  end: StatementSync;
  knows: StatementSync;
  identify: StatementSync;
  prune: StatementSync;
};

/** What is heard of a ledger while it is used. */
type Listener = {
  /** It stopped being writable, or, with null, is again. */
  complain: (error: string | null) => void;
  /** What an earlier run left open, as soon as the database can be read. */
  found: (left: Open[]) => void;
};

/**
 * Never fails for the disk's sake: without a database `begin` gives null, and each call tries anew.
 * `in_use`: another daemon has this state directory.
 */
export function openLedger(
  folder: string,
  { complain, found }: Listener,
  rowsMax = ROWS_MAX,
): Ledger | "in_use" {
  let opened: Opened | null = null;
  let durably = false;
  let flaw: string | null = null;
  let begun = 0;
  let closed = false;
  const late = new Map<number, Outcome>();

  /** What `act` gives, or null where the disk does not let it. */
  function attempt<T>(act: (on: Opened) => T): T | null {
    if (closed) return null;
    try {
      opened ??= openDatabase(folder, found);
      const done = act(opened);
      if (flaw !== null) complain(null);
      flaw = null;
      return done;
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      if (flaw === null) complain(text);
      flaw = text;
      return null;
    }
  }

  function settle(on: Opened, id: number, outcome: Outcome): void {
    const { code, durationMs, requestId, known } = outcome;
    on.end.run(code, Math.round(durationMs), requestId, known ? "known" : "unknown", id);
  }

  function settleLate(on: Opened): void {
    for (const [id, outcome] of late) {
      settle(on, id, outcome);
      late.delete(id);
    }
  }

  const ledger: Ledger = {
    begin({ client, tool, argv }, durable) {
      return attempt((on) => {
        if (durable !== durably) {
          on.db.exec(`PRAGMA synchronous = ${durable ? "FULL" : "NORMAL"}`);
          durably = durable;
        }
        settleLate(on);
        const time = new Date().toISOString();
        const { lastInsertRowid } = on.begin.run(time, client, tool, JSON.stringify(argv));
        const id = Number(lastInsertRowid);
        begun += 1;
        if (begun % PRUNE_EVERY === 0) on.prune.run(id - rowsMax);
        return id;
      });
    },
    end(id, outcome) {
      const done = attempt((on) => {
        settleLate(on);
        settle(on, id, outcome);
        return true;
      });
      if (done === null && late.size < LATE_MAX) late.set(id, outcome);
    },
    knows: (requestId) => attempt((on) => on.knows.get(requestId) !== undefined) ?? false,
    identify(id, requestId) {
      attempt((on) => on.identify.run(requestId, id));
    },
    writable: () => flaw === null,
    close() {
      if (opened !== null) {
        attempt(settleLate);
        opened.db.close();
      }
      closed = true;
    },
  };

  try {
    opened = openDatabase(folder, found);
  } catch (error) {
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return "in_use";
    flaw = error instanceof Error ? error.message : String(error);
    complain(flaw);
  }
  return ledger;
}

function openDatabase(folder: string, found: Listener["found"]): Opened {
  const db = new DatabaseSync(join(folder, "requests.sqlite"));
  try {
    // Two daemons in one folder would each take the other's requests for lost.
    db.exec("PRAGMA locking_mode = EXCLUSIVE");
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    db.exec("PRAGMA journal_size_limit = 4194304");
    db.exec(SCHEMA);
    const rows = db
      .prepare("SELECT id, time, client, tool, argv FROM requests WHERE outcome = 'pending'")
      .all() as (Omit<Open, "argv"> & { argv: string })[];
    db.exec(
      "UPDATE requests SET outcome = 'unknown', code = 'unknown_outcome' WHERE outcome = 'pending'",
    );
    if (rows.length > 0) {
      found(rows.map((row) => ({ ...row, argv: JSON.parse(row.argv) as string[] })));
    }
    return { db, ...statements(db) };
  } catch (error) {
    db.close();
    throw error;
  }
}

function statements(db: DatabaseSync): Omit<Opened, "db"> {
  return {
    begin: db.prepare(
      "INSERT INTO requests (time, client, tool, argv, outcome) VALUES (?, ?, ?, ?, 'pending')",
    ),
    end: db.prepare(
      "UPDATE requests SET code = ?, durationMs = ?, requestId = ?, outcome = ? WHERE id = ?",
    ),
    knows: db.prepare("SELECT 1 FROM requests WHERE requestId = ?"),
    identify: db.prepare("UPDATE requests SET requestId = ? WHERE id = ?"),
    prune: db.prepare("DELETE FROM requests WHERE id <= ?"),
  };
}
