/** What came of all hosts of a bootstrap: those of one state together, those of one reason too, and what to do next. */
import type { HostEnd, HostState } from "../../inventory/host-end.ts";
import { fold } from "../../inventory/fold.ts";
import type { SshTarget } from "../../inventory/transport.ts";
import { escapeLine, isHarmless } from "../escape.ts";
import { nextOf, WORST_FIRST } from "./bootstrap-words.ts";

export type Recap = {
  counts: Partial<Record<HostState, number>>;
  /** Worst first; hosts are folded. */
  states: {
    state: HostState;
    count: number;
    hosts: string;
    reasons: Reason[];
    next: string | null;
  }[];
  newPins: string[];
};
type Reason = {
  /** Untrusted text. Where only the hosts' own names or addresses differ in it, they are `HOST`. */
  reason: string;
  count: number;
  hosts: string;
};

export type Run = {
  targets: readonly SshTarget[];
  /** The words after the command that a next run needs too, without `--limit`. */
  words: readonly string[];
};

export function recapOf(ends: readonly HostEnd[], run: Run): Recap {
  const targets = new Map(run.targets.map((target) => [target.name, target]));
  const states = WORST_FIRST.flatMap((state) => {
    const its = ends.filter((end) => end.state === state);
    if (its.length === 0) return [];
    const hosts = fold(its.map(({ name }) => name));
    const first = targets.get(its[0]?.name ?? "");
    const next = first === undefined ? null : nextText(state, hosts, first, run.words);
    return [{ state, count: its.length, hosts, reasons: reasonsOf(its, targets), next }];
  });
  return {
    counts: Object.fromEntries(states.map(({ state, count }) => [state, count])),
    states,
    newPins: ends.flatMap(({ newPins }) => newPins),
  };
}

/** Those of most hosts first. */
function reasonsOf(ends: readonly HostEnd[], targets: ReadonlyMap<string, SshTarget>): Reason[] {
  const alike = new Map<string, HostEnd[]>();
  for (const end of ends) {
    if (end.reason === "") continue;
    const text = impersonal(end, targets.get(end.name)?.address ?? end.name);
    alike.set(text, [...(alike.get(text) ?? []), end]);
  }
  return [...alike]
    .map(([text, its]) => {
      const [own = text, ...others] = new Set(its.map(({ reason }) => reason));
      const hosts = fold(its.map(({ name }) => name));
      return { reason: others.length === 0 ? own : text, count: its.length, hosts };
    })
    .toSorted((one, other) => other.count - one.count);
}

/** A reason without the words that are the host's own: `connect to host 10.0.0.7 port 22: …` is one for many. */
function impersonal({ name, reason }: HostEnd, address: string): string {
  const own = [address, name].map((word) => word.replace(/[^\p{L}\p{N}_]/gu, String.raw`\$&`));
  return reason.replace(
    new RegExp(`(?<![\\p{L}\\p{N}_.-])(?:${own.join("|")})(?![\\p{L}\\p{N}_-])`, "gu"),
    "HOST",
  );
}

function nextText(
  state: HostState,
  hosts: string,
  { address, port, user }: SshTarget,
  words: readonly string[],
): string | null {
  const again = (more: readonly string[]): string =>
    ["sallyport", "bootstrap-cluster-sudo", ...words, "--limit", hosts, ...more]
      .map(shellWord)
      .join(" ");
  const next = nextOf(state);
  switch (next) {
    case null:
      return null;
    case "again":
      return again([]);
    case "accept":
      return again(["--accept-new"]);
    case "log-in": {
      const options = [
        ...(port === null ? [] : ["-p", String(port)]),
        ...(user === null ? [] : ["-l", user]),
      ];
      return ["ssh", ...options, address, "true"].map(shellWord).join(" ");
    }
    case "forget-key": {
      const key = port === null || port === 22 ? address : `[${address}]:${port}`;
      return `ssh-keygen -R ${shellWord(key)}   (only once you know why it changed)`;
    }
    default:
      return next satisfies never;
  }
}

/** A word as a shell takes it for itself: brackets are globs, and zsh stops at one that matches nothing. */
function shellWord(word: string): string {
  return isHarmless(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** Every host has its own line above: of more reasons than these only the number is said. */
const REASONS = 8;

export function recapText({ states, newPins }: Recap): string {
  const lines = states.flatMap(({ state, count, hosts, reasons, next }) => [
    `${String(count).padStart(5)}  ${state}: ${escapeLine(hosts)}`,
    ...reasonLines(reasons, count).map((line) => `       ${line}`),
    ...(next === null ? [] : [`       next: ${escapeLine(next)}`]),
  ]);
  if (newPins.length > 0) lines.push(`       new host keys: ${escapeLine(newPins.join(", "))}`);
  return ["", ...lines, ""].join("\n");
}

function reasonLines(reasons: readonly Reason[], hosts: number): string[] {
  const lines = reasons
    .slice(0, REASONS)
    .map(({ reason, count, hosts: its }) =>
      count === hosts ? escapeLine(reason) : `${escapeLine(its)}: ${escapeLine(reason)}`,
    );
  const more = reasons.length - lines.length;
  return more === 0 ? lines : [...lines, `and ${more} more reasons, above`];
}
