/** One record of the audit log, read from its exact bytes. */
import { createHash } from "node:crypto";
import { z } from "zod";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** How a request ended; `code` is null where it succeeded. */
export const endSchema = z.strictObject({
  code: z.string().nullable(),
  exitCode: z.int().nullable(),
  timedOut: z.boolean(),
  durationMs: z.int().nonnegative(),
});

/** `note`: what came of something that waits for a person. */
export const phaseSchema = z.enum(["refused", "begin", "end", "note"]);

const recordSchema = z.strictObject({
  v: z.literal(1),
  seq: z.int().positive(),
  time: z.iso.datetime({ precision: 3 }),
  boot: z.string(),
  uid: z.int().nonnegative().nullable(),
  user: z.string().nullable(),
  via: z.enum(["sudo", "socket", "direct"]),
  requestId: z.string(),
  phase: phaseSchema,
  argv: z.array(z.string()),
  decision: z.string(),
  rule: z.string(),
  policyHash: z.string(),
  result: endSchema.optional(),
  /** Bytes of an unfinished line that the helper found before this record, and dropped. */
  torn: z.int().positive().optional(),
  prev: sha256,
  hash: sha256,
});

export type AuditRecord = z.infer<typeof recordSchema>;

const KEYS = Object.keys(recordSchema.shape);
/** `,"hash":"<64 hex>"}` */
const HASH_BYTES = 75;

/** The record in a line without its line feed, or what is wrong with the line (lowercase, no period). */
export function readRecord(line: Buffer): { record: AuditRecord } | { flaw: string } {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(line);
    value = JSON.parse(text);
  } catch {
    return { flaw: "not a line of JSON" };
  }
  const parsed = recordSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return { flaw: `not a record: ${issue?.path.join(".")}: ${issue?.message}` };
  }
  // Duplicate keys, white space and other escapes all mean the same to a parser, and hide things from a reader.
  const keys = Object.keys(value as object);
  const ordered = KEYS.filter((key) => keys.includes(key));
  if (JSON.stringify(value) !== text || keys.join() !== ordered.join()) {
    return { flaw: "not written as the helper writes: keys, order or white space" };
  }
  const hash = createHash("sha256")
    .update(line.subarray(0, line.length - HASH_BYTES))
    .update("}")
    .digest("hex");
  if (hash !== parsed.data.hash)
    return { flaw: "its hash is not that of its bytes: it was changed" };
  return { record: parsed.data };
}
