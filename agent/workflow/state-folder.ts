/** Where runs are remembered: a folder of this user's own, and of nobody else. */
import { chmodSync, existsSync, lstatSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/** XDG Base Directory Specification: what is not absolute is ignored. */
export function stateFolder(env: NodeJS.ProcessEnv): string {
  const given = env["XDG_STATE_HOME"];
  const base = given?.startsWith("/") === true ? given : join(homedir(), ".local/state");
  return join(base, "sallyport");
}

/** Makes it where it is not there. What is wrong with it (lowercase, no period), or null. */
export function prepareFolder(folder: string): string | null {
  try {
    makeFolder(folder);
    const stat = lstatSync(folder);
    if (!stat.isDirectory()) return `${folder} is no folder`;
    if (stat.uid !== process.geteuid?.()) return `${folder} belongs to uid ${stat.uid}`;
    // An earlier version of another program may have made it for everybody to read.
    if ((stat.mode & 0o077) !== 0) chmodSync(folder, 0o700);
    return null;
  } catch (error) {
    return `${folder} cannot be used (${(error as NodeJS.ErrnoException).code ?? "unknown"})`;
  }
}

/** With those above it. Node's own `recursive` never comes back where a file system makes no folders, as /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  if (dirname(folder) !== folder) makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/** Recordings of one run. */
export function castFolder(folder: string, run: string): string {
  return join(folder, "runs", run);
}
