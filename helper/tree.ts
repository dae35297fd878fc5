// Decides which processes belong to a request, and ends them.
// If it were wrong, a deadline would leave root processes behind, or end somebody else's.
import { readFileSync, readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** The living: of the session `root`, carrying the request's mark, or children of such a one. */
function members(root: number, requestId: string): Set<number> {
  const found = new Set<number>();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry)))
    try {
      // A process's name may hold anything: fields count from the last parenthesis (CVE-2017-1000367).
      const stat = readFileSync(`/proc/${name}/stat`, "latin1");
      const [state, parent, , session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const environment = readFileSync(`/proc/${name}/environ`, "latin1").split("\0");
      const marked = environment.includes(`SALLYPORT_REQUEST=${requestId}`);
      const own = marked || Number(session) === root || found.has(Number(parent));
      if (own && state !== "Z") found.add(Number(name));
    } catch {} // it ended meanwhile
  return found;
}

/** Asks the tree to end, and after `graceMs` kills what is left, for ten seconds or until nothing is. */
export async function stopTree(root: number, requestId: string, graceMs: number): Promise<void> {
  const patience = Date.now() + graceMs;
  for (let signal: NodeJS.Signals | 0 = "SIGTERM"; ; signal = 0) {
    if (Date.now() >= patience) signal = "SIGKILL";
    const living = members(root, requestId);
    if (living.size === 0 || Date.now() > patience + 10_000) return;
    for (const pid of living)
      try {
        process.kill(pid, signal);
      } catch {} // it ended meanwhile
    await sleep(20);
  }
}
