// Decides who goes next where two helpers must not act at once.
// If it were wrong, records of the audit log would overlap and its chain would break.
import { mkdirSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { distrust } from "./trust.ts";

const DIRECTORY = "/run/sallyport";
const open: Record<string, DatabaseSync> = {};

/** The database of a lock; only the first use of one looks at where it is. */
function opened(name: string, seconds: number): DatabaseSync {
  mkdirSync(DIRECTORY, { recursive: true, mode: 0o700 });
  const flaw = distrust(DIRECTORY);
  if (flaw !== null) throw new Error(flaw);
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
  const database = new DatabaseSync(`${DIRECTORY}/${name}.lock`, { timeout: seconds * 1000 });
  database.exec("PRAGMA journal_mode = MEMORY"); // no file for it: nothing is ever written
  return database;
}

/**
 * Takes the lock `name` until it is disposed of; null where it was not free within `seconds`.
 * Node has no flock(2), and a refusal may not start flock(1): so it is the runtime's own SQLite,
 * on an empty database, whose lock the kernel takes back from a dead holder.
 */
export function lock(name: "audit" | "package", seconds: number): Disposable | null {
  try {
    const database = (open[name] ??= opened(name, seconds));
    database.exec("BEGIN EXCLUSIVE");
    return { [Symbol.dispose]: () => database.exec("ROLLBACK") };
  } catch (error) {
    if (String(error).includes("locked")) return null;
    throw error;
  }
}
