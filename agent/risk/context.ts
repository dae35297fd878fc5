/** What the parts of the judge use of each other: they find, and hand on what is inside. */
import type { Finding, Span } from "./findings.ts";
import type { Word } from "./word.ts";

/** What a command reads from its standard input. */
export type Input =
  | { kind: "none" }
  /** Plain from the script: a here-document, or what `echo` prints. */
  | { kind: "text"; text: string }
  | { kind: "unknown" };

export type Assignment = { name: string; value: Word | null; start: number; end: number };

export type Command = {
  /** The program's name first. */
  words: readonly Word[];
  assignments: readonly Assignment[];
  input: Input;
};

export type Context = {
  add(finding: Finding, span: Span): void;
  /** A text that a shell will run. */
  script(text: string, span: Span, input: Input): void;
  /** A command that another one starts. */
  command(command: Command): void;
  /** Functions that the same script defines: their bodies are judged where they stand. */
  functions: ReadonlySet<string>;
  /** Where the script last said it goes; null where it did not, or that is not known. */
  folder: { path: string | null };
};

export const NO_INPUT: Input = { kind: "none" };
export const UNKNOWN_INPUT: Input = { kind: "unknown" };

/** All words of a command, as one place in the text. */
export function spanOf(words: readonly Word[]): Span {
  return [words[0]?.start ?? 0, words.at(-1)?.end ?? 0];
}
