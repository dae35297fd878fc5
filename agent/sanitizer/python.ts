/** Python by its own syntax tree: a constant program of ours reads it, in the sandbox, and runs nothing of it. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { ruleSchema } from "./finding-schema.ts";
import { MOST_OF_A_RULE, shownText, type CodePolicy, type Finding } from "./finding.ts";
import { PYTHON_NAMES } from "./python-names.ts";

/** Written in by the build; from source the file beside this one is read. */
declare const PYTHON_SANITIZER: string;

function pythonSanitizer(): string {
  return typeof PYTHON_SANITIZER === "undefined"
    ? readFileSync(new URL("python.py", import.meta.url), "utf8")
    : PYTHON_SANITIZER;
}

const answerSchema = z.strictObject({
  v: z.literal(1),
  findings: z.array(
    z.strictObject({
      line: z.int().positive(),
      column: z.int().positive(),
      rule: ruleSchema,
      text: z.string(),
    }),
  ),
  loaded: z.array(z.string()),
});

/** Runs a program of Python in the sandbox with this on its standard input; what it printed, or null. */
export type RunPython = (program: string, input: string) => Promise<string | null>;

/** What answers is in the sandbox with the source: what cannot be read as an answer is a finding. */
export async function findInPython(
  source: string,
  { limits, imports }: CodePolicy,
  run: RunPython,
): Promise<Finding[]> {
  const asked = JSON.stringify({ source, limits, names: PYTHON_NAMES, most: MOST_OF_A_RULE });
  const said = await run(pythonSanitizer(), asked);
  const answer = said === null ? null : answerIn(said);
  if (answer === null)
    return [{ line: 1, column: 1, rule: "syntax", text: "it could not be examined" }];
  const findings = answer.findings.map((one) => ({ ...one, text: shownText(one.text) }));
  const is = (list: readonly string[]) => (name: string) =>
    list.includes(name) || list.includes(name.split(".")[0] ?? "");
  const { allowed, forbidden, required } = imports;
  const wrong = answer.loaded.filter(
    (name) => is(forbidden)(name) || (allowed !== null && !is(allowed)(name)),
  );
  const missing = required.filter((name) => !answer.loaded.includes(name));
  const at = { line: 1, column: 1 };
  return [
    ...findings,
    ...wrong.map((text) => ({ ...at, rule: "forbidden-import" as const, text })),
    ...missing.map((text) => ({ ...at, rule: "missing-import" as const, text })),
  ];
}

function answerIn(text: string): z.output<typeof answerSchema> | null {
  try {
    return answerSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
