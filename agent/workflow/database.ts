/** The files that runs are remembered in: made for this user alone, looked over, and of a version that is known. */
import { closeSync, constants, fchmodSync, fstatSync, openSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { prepareFolder } from "./state-folder.ts";

/** `file`: its name; `schema`: of a new one, which is of `version` then. */
export type Kept = { file: string; version: number; schema: string };

/** Another process may be writing, milliseconds each time. */
const BUSY_MS = 5000;

const RUNS: Kept = {
  file: "runs.sqlite",
  version: 1,
  schema: `
  CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    created TEXT NOT NULL,
    ended TEXT,
    state TEXT NOT NULL,
    digest TEXT NOT NULL,
    plan TEXT NOT NULL,
    file TEXT,
    client TEXT,
    claim TEXT,
    secrets TEXT,
    owner TEXT,
    cancel INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE TABLE steps (
    run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    position INTEGER NOT NULL,
    state TEXT NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0,
    started TEXT,
    exitStatus INTEGER,
    signal TEXT,
    output TEXT NOT NULL DEFAULT '',
    truncated INTEGER NOT NULL DEFAULT 0,
    durationMs INTEGER,
    reason TEXT NOT NULL DEFAULT '',
    castSha256 TEXT,
    PRIMARY KEY (run, id)
  ) STRICT, WITHOUT ROWID;
`,
};

/** `flaw`: why it cannot be used (lowercase, no period). */
export function openDatabase(folder: string, kept: Kept = RUNS): DatabaseSync | { flaw: string } {
  const unfit = prepareFolder(folder);
  if (unfit !== null) return { flaw: unfit };
  const file = join(folder, kept.file);
  const wrong = prepareFile(file);
  if (wrong !== null) return { flaw: wrong };
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(file, { timeout: BUSY_MS });
    db.exec("PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL");
    db.exec("PRAGMA journal_size_limit = 4194304");
    const check = db.prepare("PRAGMA quick_check(1)").get()?.["quick_check"];
    if (check !== "ok") return closed(db, `${file} is damaged; move it away to begin a new one`);
    const known = migrate(db, kept);
    return known ? db : closed(db, `${file} is of a later version of sallyport`);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    if (db === null) return { flaw: `${file} cannot be opened: ${text}` };
    return closed(db, `${file} cannot be used: ${text}`);
  }
}

function closed(db: DatabaseSync, flaw: string): { flaw: string } {
  db.close();
  return { flaw };
}

/** SQLite gives its other files the mode of this one. */
function prepareFile(file: string): string | null {
  const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
  try {
    const fd = openSync(file, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
    try {
      const stat = fstatSync(fd);
      if (!stat.isFile() || stat.uid !== process.geteuid?.())
        return `${file} is not this user's own`;
      if ((stat.mode & 0o077) !== 0) fchmodSync(fd, 0o600);
      return null;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    return `${file} cannot be opened (${(error as NodeJS.ErrnoException).code ?? "unknown"})`;
  }
}

/** False: it is of a version that is not known here. */
function migrate(db: DatabaseSync, { version: newest, schema }: Kept): boolean {
  db.exec("BEGIN IMMEDIATE");
  try {
    const version = Number(db.prepare("PRAGMA user_version").get()?.["user_version"]);
    if (version === 0) db.exec(`${schema} PRAGMA user_version = ${newest}`);
    db.exec("COMMIT");
    return version === 0 || version === newest;
  } catch (error) {
    db.exec("ROLLBACK");
    throw error;
  }
}
