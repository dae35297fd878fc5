/** What was given for a workflow's inputs, checked against what it asks for. */
import { valueFlaw } from "./input-format.ts";
import type { Input } from "./step.ts";

/** `cause`: lowercase, no period. */
export type InputFlaw = { name: string; cause: string };

/** A value for each input that is no secret, or all that is wrong. */
export function inputValues(
  inputs: readonly Input[],
  given: ReadonlyMap<string, string>,
): { values: ReadonlyMap<string, string> } | { flaws: InputFlaw[] } {
  const flaws: InputFlaw[] = [];
  const known = new Set(inputs.map(({ name }) => name));
  for (const name of given.keys())
    if (!known.has(name)) flaws.push({ name, cause: "the workflow has no such input" });
  const values = new Map<string, string>();
  for (const input of inputs) {
    const value = given.get(input.name);
    if (input.secret) {
      if (value !== undefined)
        flaws.push({ name: input.name, cause: "it is a secret: others could read it here" });
      continue;
    }
    const flaw = value === undefined ? null : valueFlaw(input, value);
    if (value === undefined && input.default === null)
      flaws.push({ name: input.name, cause: "it must be given" });
    if (flaw !== null) flaws.push({ name: input.name, cause: flaw });
    values.set(input.name, value ?? input.default ?? "");
  }
  return flaws.length > 0 ? { flaws } : { values };
}
