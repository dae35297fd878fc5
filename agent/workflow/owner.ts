/** Which process it is that runs something, told apart from another one that has its number later. */
import { readFileSync } from "node:fs";

/** `started`: clock ticks after boot, field 22 of proc(5) `stat`. */
export type Owner = { pid: number; started: string; boot: string };

export function thisOwner(): Owner {
  const own = processOf(process.pid);
  if (own === null) throw new Error("there is no /proc for this process");
  return own;
}

/** Null of one that is gone. */
export function processOf(pid: number): Owner | null {
  const started = startOf(pid);
  return started === null ? null : { pid, started, boot: bootId() };
}

export function isAlive({ pid, started, boot }: Owner): boolean {
  return boot === bootId() && startOf(pid) === started;
}

function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

/** Null of one that is gone or a zombie. The name may hold anything: fields count from its last parenthesis. */
function startOf(pid: number): string | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return null;
  }
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state = "X", started] = [fields[0], fields[19]];
  return started === undefined || state === "Z" || state === "X" ? null : started;
}
