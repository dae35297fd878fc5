/** What the end of a host means: how bad it is, what the run exits with, and which command helps. */
import type { HostEnd, HostState } from "../../inventory/host-end.ts";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { escapeLine } from "../escape.ts";
import type { Tone } from "./screen-rows.ts";

/** EX_SOFTWARE of sysexits(3): a host is not as it was, and not as it should be. */
const ROLLBACK_FAILED = 70;

type Meaning = {
  tone: Tone;
  /** What the run exits with, if this is the worst that happened. */
  status: number;
  /** What helps: the same run, for these hosts; that and --accept-new; a look at one of them by hand; or nothing. */
  next: "again" | "accept" | "forget-key" | "log-in" | null;
};

/** Worst first: the first of these that a run has is its exit status. */
const MEANINGS: Record<HostState, Meaning> = {
  "rollback-failed": { tone: "bad", status: ROLLBACK_FAILED, next: "again" },
  "wrong-password": { tone: "bad", status: EXIT_STATUS.not_allowed, next: "again" },
  "rolled-back": { tone: "bad", status: EXIT_STATUS.failed, next: "again" },
  failed: { tone: "bad", status: EXIT_STATUS.failed, next: "again" },
  "no-sudo": { tone: "bad", status: EXIT_STATUS.failed, next: null },
  "host-key-changed": { tone: "bad", status: EXIT_STATUS.unavailable, next: "forget-key" },
  "host-key-unknown": { tone: "bad", status: EXIT_STATUS.unavailable, next: "accept" },
  "auth-failed": { tone: "bad", status: EXIT_STATUS.unavailable, next: "log-in" },
  unreachable: { tone: "bad", status: EXIT_STATUS.unavailable, next: "log-in" },
  "not-done": { tone: "bad", status: EXIT_STATUS.failed, next: "again" },
  needed: { tone: "neutral", status: 0, next: "again" },
  offline: { tone: "neutral", status: 0, next: null },
  installed: { tone: "good", status: 0, next: null },
  updated: { tone: "good", status: 0, next: null },
  "already-current": { tone: "good", status: 0, next: null },
  removed: { tone: "good", status: 0, next: null },
  absent: { tone: "good", status: 0, next: null },
};
export const WORST_FIRST = Object.keys(MEANINGS) as HostState[];

export function toneOf(state: HostState): Tone {
  return MEANINGS[state].tone;
}

export function nextOf(state: HostState): Meaning["next"] {
  return MEANINGS[state].next;
}

export function exitStatus(ends: readonly HostEnd[], verify: boolean): number {
  const states = new Set(ends.map(({ state }) => state));
  const worst = WORST_FIRST.find((state) => states.has(state) && MEANINGS[state].status !== 0);
  if (worst !== undefined) return MEANINGS[worst].status;
  return verify && states.has("needed") ? EXIT_STATUS.failed : 0;
}

/** `width`: of the longest name. */
export function endText({ name, state, reason }: HostEnd, width: number): string {
  const why = reason === "" ? "" : `  ${escapeLine(reason)}`;
  return `${escapeLine(name).padEnd(width)}  ${state}${why}\n`;
}
