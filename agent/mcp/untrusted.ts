/** Text that programs or agents wrote, on its way to an agent: bounded, and nothing hidden in it. */
import { escapeBlock, escapeLine } from "../escape.ts";

/** Longest output of a program in an answer, in UTF-16 units after escaping. */
const OUTPUT_MAX = 16 * 1024;
/** Longest echo of a single word or line. */
const LINE_MAX = 200;

export type UntrustedOutput = { text: string; truncated: boolean };

/**
 * A program's output, its head and its tail where it is too long; null where there is none.
 * `truncated`: whether something had already been left out before.
 */
export function untrustedOutput(text: string, truncated = false): UntrustedOutput | null {
  if (text === "") return null;
  // Escaping makes text longer: without the first cut a flood would be escaped as a whole.
  const escaped = escapeBlock(headAndTail(text, OUTPUT_MAX));
  return {
    text: headAndTail(escaped, OUTPUT_MAX),
    truncated: truncated || text.length > OUTPUT_MAX || escaped.length > OUTPUT_MAX,
  };
}

/** One bounded line: a name that an agent chose, the last line of a program's output. */
export function untrustedLine(text: string): string {
  const escaped = escapeLine(text.slice(0, LINE_MAX));
  if (text.length <= LINE_MAX && escaped.length <= LINE_MAX) return escaped;
  return `${escaped.slice(0, LINE_MAX)}…`;
}

/** The texts of a flat record, each one bounded line. */
export function untrustedFields<T extends Record<string, unknown>>(record: T): T {
  const fields = Object.entries(record).map(([name, value]) => {
    return [name, typeof value === "string" ? untrustedLine(value) : value];
  });
  return Object.fromEntries(fields) as T;
}

/** Each line marked, so that no line of it can pass for the end of it. */
export function quotedLines(text: string): string {
  return text
    .replace(/\n$/, "")
    .split("\n")
    .map((line) => `| ${line}`)
    .join("\n");
}

/** The first third of `max` and the last two: what a program says last tells most. */
export function headAndTail(text: string, max: number): string {
  if (text.length <= max) return text;
  const third = Math.floor(max / 3);
  const head = splitsPair(text, third) ? third - 1 : third;
  const from = text.length - (max - third);
  const tail = splitsPair(text, from) ? from + 1 : from;
  return `${text.slice(0, head)}\n… ${tail - head} characters left out …\n${text.slice(tail)}`;
}

/** Whether a cut at `at` would leave half a character on each side. */
function splitsPair(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xdc00;
}
