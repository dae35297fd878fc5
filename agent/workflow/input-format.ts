/** What a workflow may ask to be told before it runs, and what is given for it. */
import { z } from "zod";
import { flag, name, text } from "./step-format.ts";
import { INPUT_TYPES, type Input } from "./step.ts";

const MAX_VALUE = 64 * 1024;

export const inputFormat = z
  .strictObject({
    type: z.enum(INPUT_TYPES),
    values: z.array(text).min(1, "must have one value at least").optional(),
    default: text.optional(),
    required: flag.optional(),
    secret: flag.default(false),
    description: text.optional(),
  })
  .transform((raw, context): Omit<Input, "name"> => {
    const complain = (key: keyof typeof raw, message: string): void =>
      context.addIssue({ code: "custom", path: [key], message });
    if ((raw.type === "enum") !== (raw.values !== undefined))
      complain("type", "an enum, and nothing else, has values");
    if (raw.secret && raw.default !== undefined)
      complain("default", "a secret that stands in a file is none");
    if (raw.required === true && raw.default !== undefined)
      complain("default", "what is required has no default");
    if (raw.required === false && raw.default === undefined)
      complain("required", "what is not required needs a default");
    const input = {
      type: raw.type,
      values: raw.values ?? [],
      default: raw.default ?? null,
      secret: raw.secret,
    };
    const flaw = raw.default === undefined ? null : valueFlaw(input, raw.default);
    if (flaw !== null) complain("default", flaw);
    return input;
  });

export const inputName = name;

/** Why a value is none for this input (lowercase, no period), or null. */
export function valueFlaw(
  { type, values }: Pick<Input, "type" | "values">,
  value: string,
): string | null {
  if (value.length > MAX_VALUE) return `must be at most ${MAX_VALUE} characters`;
  if (value.includes("\0")) return "must not contain NUL";
  switch (type) {
    case "string":
      return null;
    case "integer":
      return /^-?(?:0|[1-9]\d{0,14})$/.test(value) ? null : "must be a whole number";
    case "boolean":
      return /^(?:true|false)$/.test(value) ? null : "must be true or false";
    case "enum":
      return values.includes(value) ? null : `must be one of ${values.join(", ")}`;
    default:
      return type satisfies never;
  }
}
