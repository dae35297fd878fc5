/** The helper's reply, checked: nothing that is not exactly a reply of protocol/reply.ts gets past here. */
import { z } from "zod";
import { endSchema, phaseSchema } from "./audit/record.ts";
import { EXIT_STATUS, type ErrorCode, type Reply } from "../protocol/reply.ts";

/** systemd's own words. */
export const serviceData = z.strictObject({
  kind: z.literal("service"),
  unit: z.string(),
  LoadState: z.string(),
  ActiveState: z.string(),
  SubState: z.string(),
  UnitFileState: z.string(),
  MainPID: z.int().nonnegative().describe("0: no main process"),
});

export const packageData = z.strictObject({
  kind: z.literal("package"),
  name: z.string(),
  manager: z.string(),
  installed: z.string().nullable(),
  candidate: z.string().nullable(),
});

const policyData = z.strictObject({
  kind: z.literal("policy"),
  verdicts: z.record(z.string(), z.enum(["allow", "guard", "deny"])),
  policyHash: z.string(),
});

const versionData = z.strictObject({
  kind: z.literal("version"),
  version: z.string(),
  buildId: z.string(),
  policyHash: z.string(),
});

const auditData = z.strictObject({
  kind: z.literal("audit"),
  records: z.array(
    z.strictObject({
      seq: z.int().positive(),
      time: z.string(),
      requestId: z.string(),
      phase: phaseSchema,
      argv: z.array(z.string()),
      decision: z.string(),
      result: endSchema.nullable(),
    }),
  ),
  head: z.strictObject({ seq: z.int().nonnegative(), hash: z.string() }),
});

export const grantSchema = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{32}$/),
  uid: z.int().nonnegative(),
  subject: z.string(),
  claim: z.string(),
  stands: z.enum(["pending", "granted", "denied"]),
  asked: z.iso.datetime(),
  boot: z.string(),
  until: z.int(),
  uses: z.int().positive(),
  by: z.int().nonnegative().nullable(),
  reason: z.string(),
});
const grantData = z.strictObject({ kind: z.literal("grant"), grants: z.array(grantSchema) });

const replySchema = z.strictObject({
  v: z.literal(1),
  success: z.boolean(),
  exitCode: z.int().nullable(),
  stdout: z.string(),
  stderr: z.string(),
  truncated: z.boolean(),
  timedOut: z.boolean(),
  durationMs: z.int().nonnegative(),
  requestId: z.string(),
  data: z
    .discriminatedUnion("kind", [
      serviceData,
      packageData,
      policyData,
      versionData,
      auditData,
      grantData,
    ])
    .nullable(),
  error: z
    .strictObject({
      code: z.enum(Object.keys(EXIT_STATUS) as ErrorCode[]),
      message: z.string(),
    })
    .nullable(),
}) satisfies z.ZodType<Reply>;

// The other direction: whatever the protocol can say, the schema knows.
null as unknown as Reply satisfies z.infer<typeof replySchema>;

/**
 * The reply in what the helper printed, or why it is none (lowercase, no period).
 * `status` is the helper's exit status: a reply that contradicts it is not believed.
 */
export function parseReply(
  text: string,
  status: number | null,
): { reply: Reply } | { reason: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { reason: "it is not one JSON object" };
  }
  const read = replyIn(value);
  if ("reason" in read) return read;
  const { error } = read.reply;
  const expected = error === null ? 0 : EXIT_STATUS[error.code];
  if (status !== expected) {
    return { reason: `exit status ${status ?? "none"} contradicts it` };
  }
  return read;
}

/** The reply that a value is, or why it is none. */
export function replyIn(value: unknown): { reply: Reply } | { reason: string } {
  const parsed = replySchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return { reason: `${issue?.path.join(".") || "the object"}: ${issue?.message.toLowerCase()}` };
  }
  const reply = parsed.data;
  if (reply.success !== (reply.error === null)) {
    return { reason: "it reports success and an error at once" };
  }
  return { reply };
}
