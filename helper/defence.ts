// Decides whether this process may act at all, and whether anybody but root could change a file.
// If it were wrong, the interpreter in this binary would be a root shell for whoever starts it.
import { lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { refused, type Refusal } from "./result.ts";

/** Steer Node, OpenSSL, the loader or a packer; our rule strips them, a careless site may not. */
const HOSTILE = /^(?:NODE|LD|OPENSSL|SSL|PKG|BUN|UV)_/;
/** A caller can lower limits before sudo; below these a transaction would die halfway (proc(5)). */
const BYTES = { "file size": 2 ** 32, "data size": 2 ** 32, "address space": 2 ** 32 };
const FLOORS = { "cpu time": 3600, "open files": 256, "stack size": 2 ** 20, ...BYTES };

/** Why nothing may be done, or null. The caller's message names no path; the audit log's reason does. */
export function refuseToStart(): Refusal | null {
  process.chdir("/");
  process.umask(0o022);
  if (process.getuid?.() !== 0 || process.geteuid?.() !== 0)
    return refused("not_root", "the helper must be started by root, through sudo");
  if (caller().uid === null) return refused("unsafe", "it cannot be told who is asking");
  const hostile = Object.keys(process.env).find((name) => HOSTILE.test(name));
  if (hostile !== undefined) return refused("unsafe", "hostile environment variable", hostile);
  const limits = readFileSync("/proc/self/limits", "utf8");
  for (const [name, floor] of Object.entries(FLOORS)) {
    const soft = new RegExp(`^Max ${name} +(\\S+)`, "m").exec(limits)?.[1];
    if (soft !== "unlimited" && !(Number(soft) >= floor))
      return refused("unsafe", "a resource limit is too low", `${name} ${soft} is below ${floor}`);
  }
  const flaw = distrust(readlinkSync("/proc/self/exe"));
  if (flaw === null) return null;
  return refused("unsafe", "others can change the helper or a directory above it", flaw);
}

/** What sudo relays or a terminal sends: a transaction ends by itself, not by its caller. */
export function ignoreSignals(): void {
  const relayed = "HUP INT QUIT TERM PIPE ALRM USR1 USR2 TSTP TTIN TTOU";
  for (const name of relayed.split(" ")) process.on(`SIG${name}`, () => {});
}

type Caller = { uid: number | null; user: string | null; via: "sudo" | "socket" | "direct" };
/** Sudo, or our systemd unit, sets these over whatever was there: only root itself is without both. */
export function caller(): Caller {
  const { SUDO_UID, SUDO_USER, SALLYPORT_PEER } = process.env;
  const number = (text = ""): number | null => (/^\d{1,10}$/.test(text) ? Number(text) : null);
  const user = SUDO_USER?.slice(0, 256) ?? null;
  if (SUDO_UID !== undefined) return { uid: number(SUDO_UID), user, via: "sudo" };
  if (SALLYPORT_PEER === undefined) return { uid: 0, user: null, via: "direct" };
  // systemd.socket(5), Accept=: number of the connection, pid, and uid or "unknown".
  const peer = /^\d+-\d+-(.*)$/.exec(SALLYPORT_PEER)?.[1];
  return { uid: number(peer), user: null, via: "socket" };
}

/** Needs no look at ACLs: a writable entry shows in the group bits, as the mask (acl(5)). */
function weakness(path: string): string | null {
  const { uid, mode } = lstatSync(path);
  if (uid !== 0) return `${path} is not owned by root`;
  if ((mode & 0o022) !== 0) return `${path} can be written by others`;
  return path === "/" ? null : weakness(dirname(path));
}

/** Why others could change, replace or create what `path` names or links to, or null. */
export function distrust(path: string): string | null {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return distrust(dirname(path));
  try {
    return weakness(realpathSync(dirname(path))) ?? weakness(realpathSync(path));
  } catch {
    return `${path} leads nowhere`;
  }
}

/** The first such reason among `paths` and all that is below them. */
export function distrustAny(paths: readonly string[]): string | null {
  for (const path of paths) {
    const folder = lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
    const below = folder ? readdirSync(path).map((name) => join(path, name)) : [];
    const found = distrust(path) ?? distrustAny(below);
    if (found !== null) return found;
  }
  return null;
}
