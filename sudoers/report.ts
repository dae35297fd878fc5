/** What `transaction.sh` answers, line by line, as a value. Local and over SSH the same. */

export const STATES = [
  "installed",
  "updated",
  "already-current",
  "removed",
  "absent",
  /** It did not work, and the previous bytes are back. */
  "rolled-back",
  /** It did not work, and what was there could not be put back. */
  "rollback-failed",
  /** Nothing was begun. */
  "refused",
] as const;

export const CAUSES = [
  "account",
  "busy",
  "failed",
  "helper-left",
  "interrupted",
  "line",
  "no-sudo",
  "no-tool",
  "no-user",
  "no-visudo",
  "not-included",
  "not-root",
  "packaged",
  "recovery",
  "refused",
  "syntax",
  "taken",
  "too-wide",
  "unsafe",
  "upload",
  "usage",
  "whole",
  "wrong-helper",
] as const;

const FOUND = ["current", "different", "absent", "unsafe"] as const;
/** Unlinked: it is there, and `sudo sallyport` is something else, or nothing. */
const LINE_FOUND = [...FOUND, "unlinked"] as const;
const EFFECTS = ["proven", "refused"] as const;

export type State = (typeof STATES)[number];
export type Cause = (typeof CAUSES)[number];
type Found = (typeof FOUND)[number];
type LineFound = (typeof LINE_FOUND)[number];

export type Report =
  | {
      kind: "change";
      state: State;
      /** Null where all went well. */
      cause: Cause | null;
      /** Words of the host's programs: untrusted text. */
      reason: string;
      notes: string[];
    }
  | {
      kind: "status";
      rule: Found;
      helper: Found;
      /** Null where it was not asked about. */
      line: LineFound | null;
      effect: (typeof EFFECTS)[number];
      reason: string;
    }
  /** The script was stopped before its answer, or something else answered. */
  | { kind: "no_answer"; text: string };

/** Reads the script's stdout. Lines that are none of its words (banners, I08) are passed over. */
export function parseReport(stdout: string): Report {
  const lines = stdout.split("\n").map((line) => {
    const at = line.indexOf(" ");
    return at < 0
      ? { word: line, value: "" }
      : { word: line.slice(0, at), value: line.slice(at + 1) };
  });
  const last = (word: string) => lines.findLast((line) => line.word === word)?.value;
  const reason = last("reason") ?? "";

  const state = oneOf(STATES, last("state"));
  if (state !== undefined) {
    const cause = oneOf(CAUSES, last("cause")) ?? null;
    const notes = lines.filter(({ word }) => word === "note").map(({ value }) => value);
    return { kind: "change", state, cause, reason, notes };
  }
  const [rule, helper] = [oneOf(FOUND, last("rule")), oneOf(FOUND, last("helper"))];
  const effect = oneOf(EFFECTS, last("effect"));
  if (rule !== undefined && helper !== undefined && effect !== undefined) {
    const line = oneOf(LINE_FOUND, last("line")) ?? null;
    return { kind: "status", rule, helper, line, effect, reason };
  }
  return { kind: "no_answer", text: stdout };
}

function oneOf<T extends string>(words: readonly T[], word: string | undefined): T | undefined {
  return words.find((known) => known === word);
}
