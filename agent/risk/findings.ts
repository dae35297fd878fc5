/** What was found in a command so far: levels only ever rise. */
import { noAxes, worse, type Axis, type Level, type Reason, type Risk } from "./level.ts";

export type Finding = { rule: string; level: Level; axes?: readonly Axis[]; text: string };
export type Span = readonly [start: number, end: number];

/** Nobody reads more, and a text of a thousand commands would answer with as many. */
const MOST_REASONS = 40;

export type Findings = {
  add(finding: Finding, span: Span): void;
  /** The worst of all; CAUTION where nothing at all was found: nothing says that it is harmless. */
  risk(): Risk;
};

const NOTHING: Finding = {
  rule: "syntax.nothing",
  level: "CAUTION",
  text: "no command was found in it, so nothing says that it is harmless",
};

export function findings(): Findings {
  let level: Level | null = null;
  const axes = noAxes();
  const kept: { level: Level; reason: Reason }[] = [];
  return {
    add(finding, [start, end]) {
      level = level === null ? finding.level : worse(level, finding.level);
      for (const axis of finding.axes ?? []) axes[axis] = true;
      const known = kept.some(
        ({ reason: { rule, span } }) =>
          rule === finding.rule && span[0] === start && span[1] === end,
      );
      if (known) return;
      if (kept.length >= MOST_REASONS) {
        // What is worse than the least of them takes its place: reasons explain the level.
        const least = kept.findIndex((other) => other.level === "SAFE");
        if (least === -1 || finding.level === "SAFE") return;
        kept.splice(least, 1);
      }
      const { rule, text } = finding;
      kept.push({ level: finding.level, reason: { rule, span: [start, end], text } });
    },
    risk() {
      if (level === null) this.add(NOTHING, [0, 0]);
      const order = { CRITICAL: 0, CAUTION: 1, SAFE: 2 };
      const reasons = kept
        .toSorted((a, b) => order[a.level] - order[b.level])
        .map(({ reason }) => reason);
      return { level: level ?? "CAUTION", axes: { ...axes }, reasons };
    },
  };
}
