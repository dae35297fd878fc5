/**
 * Sandboxes that were killed as they began. bubblewrap makes the sandbox's process 1 first, and ties it to itself only
 * when that has set itself up; until then it waits to be told its number. If who told it is gone (killed with its maker,
 * or by writing to a maker that was), process 1 waits for ever. It has run nothing, and nothing ends it.
 */
import { readdirSync, readFileSync } from "node:fs";
import { BWRAP, FIRST_WORDS } from "./bubblewrap.ts";

/** Process 1 of each sandbox of this user that bubblewrap no longer watches over. */
export function orphanedSandboxes(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && isOurs(name))
    .filter((name) => {
      const status = read(`/proc/${name}/status`);
      const parent = /^PPid:\t(\d+)$/m.exec(status)?.[1] ?? "0";
      const isOwn = Number(/^Uid:\t(\d+)\t/m.exec(status)?.[1] ?? -1) === process.getuid?.();
      // In a namespace of its own, as its first.
      const isFirst = /^NSpid:.*\t\d+\t1$/m.test(status);
      return isOwn && isFirst && parent !== "0" && !isOurs(parent);
    })
    .map(Number);
}

const isOurs = (pid: string): boolean => read(`/proc/${pid}/cmdline`).startsWith(WORDS);

const WORDS = `${[BWRAP, ...FIRST_WORDS].join("\0")}\0`;

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return ""; // it has ended meanwhile
  }
}
