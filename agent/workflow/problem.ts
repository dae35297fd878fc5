/** What is wrong in a workflow file: all of it is told at once, each with its place. */
import { escapeLine } from "../escape.ts";

/** `line` and `column` from 1. `cause`: lowercase, no period. `hint`: what to write instead, or null. */
export type Problem = { line: number; column: number; cause: string; hint: string | null };

export type Place = Pick<Problem, "line" | "column">;

/** One line, and one more for the hint; `file` is how the reader calls it. */
export function problemText(file: string, { line, column, cause, hint }: Problem): string {
  const first = escapeLine(`${file}:${line}:${column}: ${cause}`);
  return hint === null ? first : `${first}\n  ${escapeLine(hint)}`;
}

export function inOrder(problems: readonly Problem[]): Problem[] {
  return problems.toSorted((one, other) => one.line - other.line || one.column - other.column);
}
