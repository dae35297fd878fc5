/** A rule is data: when it applies, what it means, and examples that are checked. */
import type { Axis, Level } from "./level.ts";

export type Rule = {
  /** `family.what`; the family is the file. */
  id: string;
  /** Any of these lines; pattern.ts reads them. */
  when: readonly string[];
  /** None of these. */
  unless?: readonly string[];
  level: Exclude<Level, "SAFE">;
  axes: readonly Axis[];
  /** For a person, lowercase, no period. */
  text: string;
  /** A command or a habit that does less. */
  safer?: string;
  /** Its operands are files that it writes: where they are matters, too. */
  writes?: true;
  match: readonly string[];
  noMatch: readonly string[];
};
