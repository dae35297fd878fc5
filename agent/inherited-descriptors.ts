/** Descriptors that this process was started with, and would pass on: Node closes only its own in its children. */
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";

/** open(2)'s bit for "closed by exec"; the same number on all machines that there is a filter for. */
const CLOSED_BY_EXEC = 0o2_000_000;

type Slot = number | "ignore";

let slots: readonly Slot[] | undefined;
let closed = false;

/**
 * What spawn's `stdio` needs in its places from `from` on, so that a child finds /dev/null in place of each
 * of them. They are there from the start, so they are looked for once.
 */
export function coveredFrom(from: number): readonly Slot[] {
  slots ??= cover(inherited());
  return slots.slice(from);
}

/** Closes them, in a process that was given them by accident and needs none. Does it once. */
export function closeInherited(): void {
  if (!closed) for (const fd of inherited()) closeSync(fd);
  closed = true;
}

/** Without standard input, output and error, which a child is given on purpose. */
function inherited(): number[] {
  return readdirSync("/proc/self/fd")
    .map(Number)
    .filter((fd) => fd > 2 && isInherited(fd));
}

function cover(found: readonly number[]): Slot[] {
  const highest = Math.max(2, ...found);
  if (highest === 2) return [];
  const nothing = openSync("/dev/null", "r+");
  return Array.from({ length: highest + 1 }, (_, fd) => (found.includes(fd) ? nothing : "ignore"));
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
