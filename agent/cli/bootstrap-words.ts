/** What a person reads of a bootstrap: a line for each host, and at the end what came of all, and what to do next. */
import type { HostEnd, HostState } from "../../inventory/bootstrap.ts";
import { fold } from "../../inventory/fold.ts";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { escapeLine, isHarmless } from "../escape.ts";

/** EX_SOFTWARE of sysexits(3): a host is not as it was, and not as it should be. */
const ROLLBACK_FAILED = 70;

type Meaning = {
  tone: "good" | "neutral" | "bad";
  /** What the run exits with, if this is the worst that happened. */
  status: number;
  /** The command that helps, for the hosts of this state; null where none does. */
  next: ((hosts: string, inventory: string) => string) | null;
};

const again = (hosts: string, inventory: string): string =>
  `sallyport bootstrap-cluster-sudo${inventory} --limit ${hosts}`;

/** Worst first: the first of these that a run has is its exit status. */
const MEANINGS: Record<HostState, Meaning> = {
  "rollback-failed": { tone: "bad", status: ROLLBACK_FAILED, next: again },
  "wrong-password": { tone: "bad", status: EXIT_STATUS.not_allowed, next: again },
  "rolled-back": { tone: "bad", status: EXIT_STATUS.failed, next: again },
  failed: { tone: "bad", status: EXIT_STATUS.failed, next: again },
  "no-sudo": { tone: "bad", status: EXIT_STATUS.failed, next: null },
  "host-key-changed": {
    tone: "bad",
    status: EXIT_STATUS.unavailable,
    next: (hosts) => `ssh-keygen -R ${hosts}   (only once you know why it changed)`,
  },
  "host-key-unknown": {
    tone: "bad",
    status: EXIT_STATUS.unavailable,
    next: (hosts, inventory) => `${again(hosts, inventory)} --accept-new`,
  },
  "auth-failed": {
    tone: "bad",
    status: EXIT_STATUS.unavailable,
    next: (hosts) => `ssh ${hosts} true`,
  },
  unreachable: {
    tone: "bad",
    status: EXIT_STATUS.unavailable,
    next: (hosts) => `ssh ${hosts} true`,
  },
  "not-done": { tone: "bad", status: EXIT_STATUS.failed, next: again },
  needed: { tone: "neutral", status: 0, next: again },
  offline: { tone: "neutral", status: 0, next: null },
  installed: { tone: "good", status: 0, next: null },
  updated: { tone: "good", status: 0, next: null },
  "already-current": { tone: "good", status: 0, next: null },
  removed: { tone: "good", status: 0, next: null },
  absent: { tone: "good", status: 0, next: null },
};
const WORST_FIRST = Object.keys(MEANINGS) as HostState[];

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

/** `files`: the inventories that were named. */
export function recapText(ends: readonly HostEnd[], files: readonly string[]): string {
  const inventory = files.map((file) => ` -i ${shellWord(file)}`).join("");
  const lines = WORST_FIRST.flatMap((state) => {
    const names = ends.filter((end) => end.state === state).map(({ name }) => name);
    if (names.length === 0) return [];
    const hosts = fold(names);
    const next = MEANINGS[state].next?.(shellWord(hosts), inventory);
    const counted = `${String(names.length).padStart(5)}  ${state}: ${escapeLine(hosts)}\n`;
    return next === undefined ? [counted] : [counted, `       next: ${escapeLine(next)}\n`];
  });
  const pins = ends.flatMap(({ newPins }) => newPins);
  const pinned =
    pins.length === 0 ? [] : [`       new host keys: ${escapeLine(pins.join(", "))}\n`];
  return ["\n", ...lines, ...pinned].join("");
}

/** A word as a shell takes it for itself: brackets are globs, and zsh stops at one that matches nothing. */
function shellWord(word: string): string {
  return isHarmless(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
