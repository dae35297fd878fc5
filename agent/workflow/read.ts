/** A workflow file understood: either it is whole and right, or everything that is wrong is told. */
import { z } from "zod";
import { findProblems } from "./check.ts";
import { MOST_TOLD, readDocument, type Document, type Value } from "./document.ts";
import { inputFormat, inputName } from "./input-format.ts";
import { inNeedOrder } from "./order.ts";
import { inOrder, type Place, type Problem } from "./problem.ts";
import { stepFormat, text } from "./step-format.ts";
import type { Input, Step, Workflow } from "./step.ts";

const MOST_STEPS = 1000;
const MOST_INPUTS = 100;

const topFormat = z.strictObject({
  name: text.min(1).max(100, "must be at most 100 characters"),
  inputs: z.record(z.string(), z.unknown()).optional(),
  steps: z
    .array(z.unknown())
    .min(1, "must have one step at least")
    .max(MOST_STEPS, `must be at most ${MOST_STEPS} steps`),
});

/** A step and where its parts stand. */
export type PlacedStep = { step: Step; place: (...path: PropertyKey[]) => Place };

export function readWorkflow(source: string): { workflow: Workflow } | { problems: Problem[] } {
  const document = readDocument(source);
  if ("problems" in document) return document;
  const { value } = document;
  const problems: Problem[] = [];
  const complain = (found: readonly Problem[]): void => void problems.push(...found);

  const top = topFormat.safeParse(value, { error: wording });
  if (!top.success) complain(problemsOf(top.error, document, []));
  const { inputs: rawInputs, steps: rawSteps } = partsOf(value);
  const inputs: Input[] = [];
  if (Object.keys(rawInputs).length > MOST_INPUTS)
    complain([
      {
        ...document.placeOf(["inputs"]),
        cause: `must be at most ${MOST_INPUTS} inputs`,
        hint: null,
      },
    ]);
  for (const [name, raw] of Object.entries(rawInputs)) {
    const named = inputName.safeParse(name, { error: wording });
    if (!named.success)
      complain([
        {
          ...document.keyPlaceOf(["inputs"], name),
          cause: `${JSON.stringify(name)}: ${named.error.issues[0]?.message}`,
          hint: null,
        },
      ]);
    const read = inputFormat.safeParse(raw, { error: wording });
    if (read.success) inputs.push({ name, ...read.data });
    else complain(problemsOf(read.error, document, ["inputs", name]));
  }
  const steps: PlacedStep[] = [];
  const ids = new Set<string>();
  for (const [at, raw] of rawSteps.slice(0, MOST_STEPS).entries()) {
    const place = (...path: PropertyKey[]): Place => document.placeOf(["steps", at, ...path]);
    const id = idOf(raw);
    if (id !== null && ids.has(id))
      complain([
        {
          ...place("id"),
          cause: `another step is called ${JSON.stringify(id)} already`,
          hint: null,
        },
      ]);
    if (id !== null) ids.add(id);
    const read = stepFormat.safeParse(raw, { error: wording });
    if (read.success) steps.push({ step: read.data, place });
    else complain(problemsOf(read.error, document, ["steps", at]));
  }
  const known = { ids, inputs: new Set(Object.keys(rawInputs)) };
  complain(findProblems(steps, known));
  if (problems.length > 0 || !top.success) return { problems: inOrder(problems) };
  return {
    workflow: { name: top.data.name, inputs, steps: inNeedOrder(steps.map(({ step }) => step)) },
  };
}

/** What can be looked at even where the whole is not as it should be. */
function partsOf(value: Value): { inputs: Record<string, Value>; steps: Value[] } {
  if (typeof value === "string" || Array.isArray(value)) return { inputs: {}, steps: [] };
  const { inputs, steps } = value;
  return {
    inputs: typeof inputs === "object" && !Array.isArray(inputs) ? inputs : {},
    steps: Array.isArray(steps) ? steps : [],
  };
}

function idOf(raw: Value): string | null {
  if (typeof raw === "string" || Array.isArray(raw)) return null;
  return typeof raw["id"] === "string" ? raw["id"] : null;
}

type Issue = z.core.$ZodRawIssue;

/** Zod's own issues, in our words; what the format says itself comes before these. */
function wording(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      if (issue.input === undefined) return "is missing";
      return `must be ${KINDS[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `must be ${issue.values.length === 1 ? "" : "one of "}${issue.values.join(", ")}`;
    case "too_small":
      return "must not be empty";
    case "invalid_key":
      return issue.issues[0]?.message ?? "is no key";
    default:
      return "is not as it should be";
  }
}

const KINDS: Record<string, string> = {
  string: "text",
  array: "a list",
  object: "a map",
  record: "a map",
};

function problemsOf(
  error: z.ZodError,
  document: Document,
  above: readonly PropertyKey[],
): Problem[] {
  return error.issues.slice(0, MOST_TOLD).flatMap((issue): Problem[] => {
    const path = [...above, ...issue.path];
    if (issue.code === "unrecognized_keys")
      return issue.keys.slice(0, MOST_TOLD).map((key) => ({
        ...document.keyPlaceOf(path, key),
        cause: `unknown key ${JSON.stringify(key)}`,
        hint: null,
      }));
    const last = issue.path.findLast((key) => typeof key === "string");
    const place =
      issue.code === "invalid_key" && typeof last === "string"
        ? document.keyPlaceOf(path.slice(0, -1), last)
        : document.placeOf(path);
    const [message = "", hint = null] = issue.message.split("\n");
    return [{ ...place, cause: last === undefined ? message : `${last}: ${message}`, hint }];
  });
}
