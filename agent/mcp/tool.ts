/** A tool: what its arguments are, what it answers, and how it is called. */
import type { Tool as ListedTool } from "@modelcontextprotocol/server";
import { z } from "zod";
import type { Call } from "./call.ts";
import type { Choice, Offer } from "./effective-policy.ts";
import { outcomeSchema, refusal, type Outcome } from "./outcome.ts";
import { annotationsOf } from "./tool-class.ts";

export type Tool = {
  name: string;
  /** As it is listed; null where this policy offers nothing that it could do. */
  listed(offer: Offer): ListedTool | null;
  call(args: unknown, call: Call): Promise<Outcome<unknown>>;
};

type Definition<Arguments extends z.ZodType, Data extends z.ZodType> = {
  name: string;
  title: string;
  description: string;
  /** What agents are shown: closed lists, taken from the policy. Null: nothing to offer. */
  offered(offer: Offer): z.ZodType | null;
  /** What is let through to the helper, so that it refuses and records what the policy does not have. */
  accepted: Arguments;
  data: Data;
  run(args: z.output<Arguments>, call: Call): Promise<Outcome<z.input<Data>>>;
};

export function defineTool<Arguments extends z.ZodType, Data extends z.ZodType>(
  tool: Definition<Arguments, Data>,
): Tool {
  const outputSchema = jsonSchema(outcomeSchema(tool.data), "output");
  const annotations = { title: tool.title, ...annotationsOf(tool.name) };
  return {
    name: tool.name,
    listed(offer) {
      const schema = tool.offered(offer);
      if (schema === null) return null;
      const { name, title, description } = tool;
      const inputSchema = jsonSchema(schema, "input");
      return { name, title, description, inputSchema, outputSchema, annotations };
    },
    async call(args, call) {
      const parsed = tool.accepted.safeParse(args ?? {});
      if (!parsed.success) return refusal("malformed", issueText(parsed.error));
      return await tool.run(parsed.data, call);
    },
  };
}

/** A name of the policy; any name where the policy is not known. */
export function nameFrom(names: Choice["names"]): z.ZodType<string> {
  return names === null ? ANY_NAME : z.enum(names);
}

/** A name that can be asked for: the helper takes 128 bytes at most, and no NUL. */
export const ANY_NAME = z
  .string()
  .min(1)
  .max(128)
  .refine((name) => Buffer.byteLength(name) <= 128 && !name.includes("\0"), "no name is like this");

type ObjectSchema = ListedTool["inputSchema"];

function jsonSchema(schema: z.ZodType, io: "input" | "output"): ObjectSchema {
  return z.toJSONSchema(schema, { io }) as ObjectSchema;
}

function issueText(error: z.ZodError): string {
  return error.issues
    .slice(0, 3)
    .map(({ path, message }) => `${path.join(".") || "arguments"}: ${message.toLowerCase()}`)
    .join("; ");
}
