/** What a step has started and left behind, found by what it carries: a process cannot leave its session unseen. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** In the environment of every process of a step; sudo lets LC_* through. */
export const MARK_VARIABLE = "LC_SALLYPORT_STEP";

/** Between asking them to end and ending them. */
const GRACE_MS = 500;
/** After which there is no end to it: something starts others faster than they end. */
const GIVEN_UP_MS = 2000;
const LOOK_MS = 20;

export type Marked = {
  mark: string;
  /** Process id of the session's leader. */
  session: number;
  /** Processes of ours in that session. */
  spare: ReadonlySet<number>;
  /** Whether the session is less than a second old: its processes have higher numbers, or the count began anew. */
  young: boolean;
};

/** Ends them: SIGTERM, and SIGKILL half a second later. Resolves when none is left but root's, 2 s later at most. */
export async function endLeftovers(marked: Marked): Promise<void> {
  const begun = performance.now();
  const asked = new Set<number>();
  const others = new Set<number>();
  for (;;) {
    const left = leftovers(marked).filter((pid) => !others.has(pid));
    const passed = performance.now() - begun;
    if (left.length === 0 || passed > GIVEN_UP_MS) return;
    for (const pid of left) {
      if (passed <= GRACE_MS && asked.has(pid)) continue;
      asked.add(pid);
      if (!signal(pid, passed > GRACE_MS ? "SIGKILL" : "SIGTERM")) others.add(pid);
    }
    await sleep(LOOK_MS);
  }
}

/** Process ids of this user's, and of root's as far as they are in the session itself. */
function leftovers({ mark, session, spare, young }: Marked): number[] {
  const needle = `${MARK_VARIABLE}=${mark}`;
  const newest = Number(read("/proc/loadavg")?.toString().split(" ")[4]);
  const oldest = young && newest >= session ? session : 0;
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) >= oldest && !spare.has(Number(name)))
    .filter((pid) => carries(pid, needle) || isIn(pid, session))
    .map(Number);
}

function carries(pid: string, needle: string): boolean {
  return read(`/proc/${pid}/environ`)?.includes(needle) ?? false;
}

function isIn(pid: string, session: number): boolean {
  const stat = read(`/proc/${pid}/stat`)?.toString("latin1") ?? "";
  // The name of a program may hold anything (CVE-2017-1000367): state, parent, group, session come after it.
  const [state, , , of] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(of) === session && state !== "Z";
}

/** Null where it has ended, or is another user's. */
function read(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}

/** False where it is root's, or was not there. */
export function signal(pid: number, name: "SIGTERM" | "SIGKILL" | "SIGURG"): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}
