/**
 * A program that starts another one: which words are its own, and where the other one begins. Options are
 * written as options.ts reads them; `~` is understood.
 */
import type { Finding } from "./findings.ts";

export type Wrapper = {
  options: string;
  /** Operands of its own before the other program's name. */
  skip?: number;
  /** What stands there is run by a shell, as one text; where nothing is said, it is a program with its words. */
  shell?: true;
  /** Options whose values are run by a shell. */
  scripts?: readonly string[];
  /** `NAME=value` before the program. */
  assignments?: true;
  /** What it does by itself; nothing where it only passes on. */
  effect?: Finding;
  /** What it is when it starts nothing; otherwise CAUTION. */
  alone?: Finding;
};
