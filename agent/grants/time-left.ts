/** How long something still waits or may be used: by how long this boot has lasted, so that no clock counts. */
import { readFileSync } from "node:fs";
import { uptime } from "node:os";
import type { Grant } from "../../protocol/reply.ts";

export function secondsLeft({ until }: Pick<Grant, "until">): number {
  return Math.max(0, until - Math.floor(uptime()));
}

export function thisBoot(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

/** When `seconds` from now are over, as a grant has it. */
export function untilIn(seconds: number): number {
  return Math.floor(uptime()) + seconds;
}
