/** Descriptors that this process was started with, and would pass on: Node closes only its own in its children. */
import { readdirSync, readFileSync } from "node:fs";

/** open(2)'s bit for "closed by exec"; the same number on all machines that there is a filter for. */
const CLOSED_BY_EXEC = 0o2_000_000;

let highest: number | undefined;

/** The highest of them, 2 where there is none. They are there from the start, so it is looked up once. */
export function highestInherited(): number {
  highest ??= Math.max(2, ...readdirSync("/proc/self/fd").map(Number).filter(isInherited));
  return highest;
}

function isInherited(fd: number): boolean {
  try {
    const info = readFileSync(`/proc/self/fdinfo/${fd}`, "latin1");
    const flags = /^flags:\s+([0-7]+)$/m.exec(info)?.[1] ?? "0";
    return (Number.parseInt(flags, 8) & CLOSED_BY_EXEC) === 0;
  } catch {
    return false; // the one that lists them
  }
}
