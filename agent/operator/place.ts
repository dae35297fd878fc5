/** Where the operator's socket is, and why a folder is none for it. */
import { existsSync, lstatSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * An administrator makes it, the operator's own, for the daemon's group to pass through: the daemon's unit
 * cannot see what is below /home or /run/user, and whoever could put a socket there could answer for the operator.
 */
const MADE_FOR_IT = "/run/sallyport-operator";
const NAME = "operator.sock";

/** Null where there is no such place: it must be named. */
export function usualSocket(env: NodeJS.ProcessEnv): string | null {
  if (existsSync(MADE_FOR_IT)) return join(MADE_FOR_IT, NAME);
  const own = env["XDG_RUNTIME_DIR"];
  return own?.startsWith("/") === true ? join(own, "sallyport", NAME) : null;
}

/**
 * What is wrong with the folder of a socket (lowercase, no period), or null. It is made where it is not there:
 * for its owner, and for its group to pass through. Others must not be able to put a socket in this one's place.
 */
export function folderFlaw(socket: string, uid: number): string | null {
  const folder = dirname(socket);
  try {
    if (!existsSync(folder)) mkdirSync(folder, { mode: 0o710 });
    const stat = lstatSync(folder);
    if (!stat.isDirectory()) return `${folder} is no folder`;
    if (stat.uid !== 0 && stat.uid !== uid) return `${folder} belongs to uid ${stat.uid}`;
    if ((stat.mode & 0o002) !== 0) return `everybody can write in ${folder}`;
    if ((stat.mode & 0o020) !== 0 && (stat.mode & 0o1000) === 0)
      return `its group can write in ${folder}, and it is not sticky`;
    return null;
  } catch (error) {
    return `${folder} cannot be used (${(error as NodeJS.ErrnoException).code})`;
  }
}
