// Decides which processes belong to a request, and ends them.
// If it were wrong, a deadline would leave root processes behind, or end somebody else's.
import { readFileSync, readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Living processes of the session `root`, their descendants, and all that carry the request's mark. */
function members(root: number, requestId: string): number[] {
  const all = readdirSync("/proc").flatMap((name) => {
    try {
      // A process's name may hold anything: fields count from the last parenthesis (CVE-2017-1000367).
      const stat = readFileSync(`/proc/${name}/stat`, "latin1");
      const [state, parent, , session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const environment = readFileSync(`/proc/${name}/environ`, "latin1").split("\0");
      const own =
        Number(session) === root || environment.includes(`SALLYPORT_REQUEST=${requestId}`);
      return state === "Z" ? [] : [{ pid: Number(name), parent: Number(parent), own }];
    } catch {
      return []; // not a process, or not any more
    }
  });
  const found = new Set(all.filter(({ own }) => own).map(({ pid }) => pid));
  for (let size = -1; size !== found.size;) {
    size = found.size;
    for (const { pid, parent } of all) if (found.has(parent)) found.add(pid);
  }
  return [...found].filter((pid) => Number.isInteger(pid) && pid !== process.pid);
}

/** Asks the tree to end, and after `graceMs` kills what is left until nothing is. */
export async function stopTree(root: number, requestId: string, graceMs: number): Promise<void> {
  const until = Date.now() + graceMs;
  for (let round = 0; round < 1000; round++) {
    const living = members(root, requestId);
    if (living.length === 0) return;
    if (round > 0 && Date.now() < until) await sleep(20);
    else for (const pid of living) kill(pid, Date.now() < until ? "SIGTERM" : "SIGKILL");
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it ended meanwhile
  }
}
