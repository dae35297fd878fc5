/** Findings as they are told to programs. */
import { z } from "zod";
import { RULES, type RuleName } from "./finding.ts";

export const ruleSchema = z.enum(Object.keys(RULES) as RuleName[]);

export const judgedFindingSchema = z.strictObject({
  line: z.int().positive(),
  column: z.int().positive(),
  rule: ruleSchema,
  text: z.string(),
  judgement: z.enum(["refuse", "warn"]),
});
