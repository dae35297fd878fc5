/**
 * What is said over the operator's socket: one JSON object a line, a request and then its reply. Nothing in it
 * tells where a host is, who logs in there or with which key: agents get the names, and what came of each.
 */
import { z } from "zod";
import { EXIT_STATUS, type ErrorCode } from "../../protocol/reply.ts";
import { packageData, serviceData } from "../reply.ts";
import { parseRequest } from "../request.ts";

/** Longest request and longest reply, in bytes without the line feed. */
export const REQUEST_MAX_BYTES = 8192;
export const REPLY_MAX_BYTES = 4 * 1024 * 1024;
/** Outputs of all hosts together, in UTF-16 units; of one, a part of that. */
export const [OUTPUTS_MAX, OUTPUT_MAX] = [512 * 1024, 16 * 1024];

const WORD = /^[&!]?[A-Za-z0-9._*?,[\]-]+$/;

/**
 * Names, groups, `*`, `?` and ranges, but no regular expression, no file and few `*`: whoever asks is not trusted
 * with the operator's time or files.
 */
export const patternSchema = z
  .string()
  .min(1)
  .max(1024)
  .refine((pattern) => {
    const words = pattern.split(/[,:](?![^[]*\])/);
    return (
      words.length <= 64 &&
      words.every((word) => {
        const [stars, brackets] = [word.split("*").length - 1, word.split("[").length - 1];
        return WORD.test(word) && stars <= 2 && brackets <= 2 && !/\d{5}/.test(word);
      })
    );
  }, "names of hosts or groups, with * ? or [1-9], parted by commas or colons");

const asker = z.strictObject({
  /** As the daemon knows the caller, and the tool it called: shown to the operator, decides nothing. */
  caller: z.string().max(200),
  tool: z.string().max(100),
});

const hostsRequest = z.strictObject({
  v: z.literal(1),
  ask: z.literal("hosts"),
  on: patternSchema,
  for: asker.optional(),
});

const changeRequest = z.strictObject({
  v: z.literal(1),
  ask: z.literal("request"),
  on: patternSchema,
  /** The words of a request about a service or a package. */
  argv: z
    .array(z.string().max(256))
    .min(2)
    .max(3)
    .transform((words, context) => {
      const request = parseRequest(words);
      if (request !== null && "action" in request) return request;
      context.addIssue({ code: "custom", message: "it is no request" });
      return z.NEVER;
    }),
  for: asker.optional(),
});

export const requestSchema = z.discriminatedUnion("ask", [hostsRequest, changeRequest]);
export type OperatorRequest = z.output<typeof requestSchema>;
export type OperatorWords = z.input<typeof requestSchema>;

/** Why a host is not as asked, beside the helper's own codes. */
export const HOST_CODES = [
  ...(Object.keys(EXIT_STATUS) as ErrorCode[]),
  "offline",
  "not_done",
  "unreachable",
  "host-key-changed",
  "host-key-unknown",
  "auth-failed",
  "unknown_outcome",
  "not_set_up",
  "bad_reply",
] as const;
export type HostCode = (typeof HOST_CODES)[number];

const NAMES = z.string().min(1).max(REPLY_MAX_BYTES);
const count = z.int().positive();

/** Without what differs from host to host and says nothing of their state. */
const serviceState = serviceData.omit({ MainPID: true });
export const stateSchema = z.discriminatedUnion("kind", [serviceState, packageData]);
export type HostState = z.infer<typeof stateSchema>;

const hostGroup = z.strictObject({
  /** Folded: `web[01-12]`. */
  hosts: NAMES,
  count,
  groups: z.array(z.string()),
  offline: z.boolean(),
});
const answerGroup = z.strictObject({
  hosts: NAMES,
  count,
  code: z.enum(HOST_CODES).nullable(),
  state: stateSchema.nullable(),
  /** What programs said there: untrusted text. */
  output: z.string(),
  truncated: z.boolean(),
});
export type HostGroup = z.infer<typeof hostGroup>;
export type AnswerGroup = z.infer<typeof answerGroup>;

export const replySchema = z.discriminatedUnion("kind", [
  z.strictObject({ v: z.literal(1), kind: z.literal("hosts"), groups: z.array(hostGroup) }),
  z.strictObject({ v: z.literal(1), kind: z.literal("answers"), answers: z.array(answerGroup) }),
  z.strictObject({
    v: z.literal(1),
    kind: z.literal("refused"),
    code: z.enum(["malformed", "no_host", "busy", "too_long", "internal"]),
    message: z.string().max(1000),
  }),
]);
export type OperatorReply = z.infer<typeof replySchema>;

export function refusedReply(
  code: Extract<OperatorReply, { kind: "refused" }>["code"],
  message: string,
): OperatorReply {
  return { v: 1, kind: "refused", code, message };
}

/** The reply as its line. */
export function replyLine(reply: OperatorReply): string {
  const line = JSON.stringify(reply);
  if (Buffer.byteLength(line) <= REPLY_MAX_BYTES) return `${line}\n`;
  return `${JSON.stringify(refusedReply("too_long", "the answers are too many for one reply"))}\n`;
}
