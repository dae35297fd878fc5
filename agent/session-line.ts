/** One line of what the helper says in a session. */
import { z } from "zod";
import type { Reply } from "../protocol/reply.ts";
import { replyIn } from "./reply.ts";

/** What a program has just said. */
export type Said = z.infer<typeof saidSchema>;

export type Line =
  | { kind: "reply"; reply: Reply }
  | { kind: "said"; said: Said }
  | { kind: "ended" }
  | { kind: "bad"; reason: string };

const saidSchema = z.strictObject({
  v: z.literal(1),
  requestId: z.string(),
  stream: z.enum(["stdout", "stderr"]),
  text: z.string(),
});

/** Nothing was read since the last reply. */
const endedSchema = z.strictObject({ v: z.literal(1), end: z.string() });

export function readLine(text: string): Line {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: "bad", reason: "it is not one JSON object" };
  }
  // Its keys say which of the three it is: a schema that fails takes longer than one that holds.
  if (has(value, "stream")) {
    const said = saidSchema.safeParse(value);
    if (said.success) return { kind: "said", said: said.data };
  }
  if (has(value, "end") && endedSchema.safeParse(value).success) return { kind: "ended" };
  const read = replyIn(value);
  return "reply" in read ? { kind: "reply", reply: read.reply } : { kind: "bad", ...read };
}

function has(value: unknown, key: string): boolean {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key);
}
