// Decides who goes next where two helpers must not act at once.
// If it were wrong, records of the audit log would overlap and its chain would break.
import { mkdirSync } from "node:fs";
import { distrust } from "./trust.ts";

const DIRECTORY = "/run/sallyport";

/**
 * Takes the lock `name` until it is disposed of; null where it was not free within `seconds`.
 * Node has no flock(2), and a refusal may not start flock(1): so it is the runtime's own SQLite,
 * on an empty database, whose lock the kernel takes back from a dead holder.
 */
export function lock(name: "audit" | "package", seconds: number): Disposable | null {
  mkdirSync(DIRECTORY, { recursive: true, mode: 0o700 });
  const flaw = distrust(DIRECTORY);
  if (flaw !== null) throw new Error(flaw);
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
  const held = new DatabaseSync(`${DIRECTORY}/${name}.lock`, { timeout: seconds * 1000 });
  try {
    held.exec("BEGIN EXCLUSIVE");
    return held;
  } catch (error) {
    held.close();
    if (String(error).includes("locked")) return null;
    throw error;
  }
}
