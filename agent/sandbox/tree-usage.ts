/** What all processes of a sandbox use at this moment, as the kernel shows it outside of it. */
import { readdirSync, readFileSync } from "node:fs";

export type Usage = {
  /** Threads count as processes do, for the kernel counts them so. */
  processes: number;
  /** Anonymous and shared memory that is there; files that programs are read from are not counted. */
  memoryBytes: number;
  cpuMs: number;
};

/** Ticks of proc(5)'s times, on all machines that there is a filter for (sysconf(3), _SC_CLK_TCK). */
const MS_PER_TICK = 10;
/** A fork bomb must not hold up the one who watches it. */
const MOST_LOOKED_AT = 8192;

/** `first`: the sandbox's process 1, which every process there that has lost its parent becomes a child of. */
export function usageOf(first: number): Usage {
  const usage: Usage = { processes: 0, memoryBytes: 0, cpuMs: 0 };
  const waiting = [first];
  for (let looked = 0; looked < MOST_LOOKED_AT; looked += 1) {
    const pid = waiting.pop();
    if (pid === undefined) break;
    try {
      add(usage, pid);
      waiting.push(...childrenOf(pid));
    } catch {
      // It has ended meanwhile.
    }
  }
  return usage;
}

/** The higher one of each. */
export function highest(a: Usage | null, b: Usage): Usage {
  return {
    processes: Math.max(a?.processes ?? 0, b.processes),
    memoryBytes: Math.max(a?.memoryBytes ?? 0, b.memoryBytes),
    cpuMs: Math.max(a?.cpuMs ?? 0, b.cpuMs),
  };
}

function add(usage: Usage, pid: number): void {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  const kib = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
  usage.processes += kib("Threads");
  usage.memoryBytes += 1024 * (kib("RssAnon") + kib("RssShmem"));
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  // The name may hold anything, parentheses and spaces too (V07).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [user = 0, system = 0, usersGone = 0, systemsGone = 0] = fields.slice(11, 15).map(Number);
  usage.cpuMs += MS_PER_TICK * (user + system + usersGone + systemsGone);
}

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, "latin1")
      .split(" ")
      .filter((word) => word !== "")
      .map(Number),
  );
}
