/** Whose a container and its folder are, so that what a dead process left behind is known as such. */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { ContainerApi } from "./container-api.ts";

const LABEL = "sallyport.sandbox";

/** The boot, the pid namespace, the process there and when it started: no later process is the same. */
function ownerOf(pid: number): string | null {
  const started = startOf(pid);
  if (started === null) return null;
  return `${process.getuid?.()}-${namespace()}-${pid}-${started}`;
}

let here: string | undefined;

function namespace(): string {
  here ??= [
    readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim().slice(0, 8),
    /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? "",
  ].join("-");
  return here;
}

/** In ticks after the boot; null where there is no such process. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name may hold anything, parentheses and spaces too (V07).
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}

/** Whether nobody who is alive owns it. What another boot or pid namespace has made is judged there only. */
function isOrphan(owner: string): boolean {
  const [uid, boot, space, pid] = owner.split("-");
  if (uid !== String(process.getuid?.()) || `${boot}-${space}` !== namespace()) return false;
  return ownerOf(Number(pid)) !== owner;
}

export function ownLabels(): Record<string, string> {
  return { [LABEL]: ownerOf(process.pid) ?? "" };
}

/** Of the user who runs this, in memory where the system has such a place for each user. */
function foldersOf(): string {
  const runtime = process.env["XDG_RUNTIME_DIR"];
  if (runtime?.startsWith("/") === true) return join(runtime, "sallyport-sandboxes");
  const state = process.env["XDG_STATE_HOME"];
  const base = state?.startsWith("/") === true ? state : join(homedir(), ".local/state");
  return join(base, "sallyport", "sandboxes");
}

/**
 * A folder for what one container is given, and the folder in it that the container sees: anybody may read that
 * one, whoever gets as far as to it. Nobody but this user does.
 */
export function makeGiven(): { folder: string; given: string } {
  const all = foldersOf();
  mkdirSync(all, { recursive: true, mode: 0o700 });
  const folder = mkdtempSync(join(all, `${ownerOf(process.pid)}.`));
  const given = join(folder, "given");
  mkdirSync(given);
  // Whatever the umask.
  chmodSync(given, 0o755);
  return { folder, given };
}

/** Removes what dead processes of this user have left: containers, and folders. How many there were. */
export async function sweepOrphans(api: ContainerApi): Promise<number> {
  const query = encodeURIComponent(JSON.stringify({ label: [LABEL] }));
  const listed = (await api.ask("GET", `/containers/json?all=1&filters=${query}`)) as
    | { Id: string; Labels: Record<string, string> }[]
    | null;
  const orphans = (listed ?? []).filter(({ Labels }) => isOrphan(Labels[LABEL] ?? ""));
  for (const { Id } of orphans) await api.ask("DELETE", `/containers/${Id}?force=1`);
  return orphans.length + sweepFolders();
}

function sweepFolders(): number {
  let names: string[];
  try {
    names = readdirSync(foldersOf());
  } catch {
    return 0; // none was ever made
  }
  const orphans = names.filter((name) => isOrphan(name.split(".")[0] ?? ""));
  for (const name of orphans) rmSync(join(foldersOf(), name), { recursive: true, force: true });
  return orphans.length;
}
