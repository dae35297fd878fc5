/** A request as words and back: accepts and refuses exactly what `parse` of helper/judge.ts does. */
import { z } from "zod";
import {
  CLAIM_MAX_BYTES,
  NAMED_PACKAGE_ACTIONS,
  NAME_MAX_BYTES,
  PLAIN_REQUESTS,
  REPORT,
  SERVICE_ACTIONS,
  SUBJECT_MAX_BYTES,
  SYSTEM_PACKAGE_ACTIONS,
  type GrantRequest,
  type Request,
} from "../protocol/operation.ts";

/** Any name that is short enough; whether the policy knows it is for the helper to say, and to record. */
const nameSchema = z.string().min(1).refine(atMost(NAME_MAX_BYTES));
const claimSchema = z.string().refine(atMost(CLAIM_MAX_BYTES));
/** A guarded request's words, or all that decides what a step does, as JSON. */
const subjectSchema = z.string().min(1).refine(atMost(SUBJECT_MAX_BYTES));
const stepSchema = subjectSchema.startsWith("{");

function atMost(bytes: number): (text: string) => boolean {
  return (text) => Buffer.byteLength(text) <= bytes;
}

const requestSchema: z.ZodType<Request> = z.union([
  z
    .tuple([z.literal("service"), z.enum(SERVICE_ACTIONS), nameSchema])
    .transform(([kind, action, name]) => ({ kind, action, name })),
  z
    .tuple([z.literal("package"), z.enum(NAMED_PACKAGE_ACTIONS), nameSchema])
    .transform(([kind, action, name]) => ({ kind, action, name })),
  z
    .tuple([z.literal("package"), z.enum(SYSTEM_PACKAGE_ACTIONS)])
    .transform(([kind, action]) => ({ kind, action, name: null })),
  z
    .tuple([z.literal("grant"), z.literal("request"), subjectSchema, claimSchema])
    .transform(([kind, action, subject, claim]) => ({ kind, action, subject, claim })),
  z
    .tuple([z.literal("grant"), z.literal("use"), stepSchema])
    .transform(([kind, action, subject]) => ({ kind, action, subject })),
  z
    .tuple([z.literal("grant"), z.literal("check")])
    .transform(([kind, action]) => ({ kind, action })),
  z
    .tuple([z.literal("report"), z.string().regex(REPORT)])
    .transform(([kind, text]) => ({ kind, text })),
  z.tuple([z.enum(PLAIN_REQUESTS)]).transform(([kind]) => ({ kind })),
]);

/** The request these words make, or null where they make none. */
export function parseRequest(words: readonly string[]): Request | null {
  return requestSchema.safeParse(words).data ?? null;
}

/** The words of a request, as they stand in argv after the helper's name. */
export function argvOf(request: Request): string[] {
  if (request.kind === "report") return [request.kind, request.text];
  if (!("action" in request)) return [request.kind];
  if (request.kind === "grant") return ["grant", request.action, ...grantWords(request)];
  return [request.kind, request.action, ...(request.name === null ? [] : [request.name])];
}

function grantWords(request: GrantRequest): string[] {
  switch (request.action) {
    case "request":
      return [request.subject, request.claim];
    case "use":
      return [request.subject];
    case "check":
      return [];
    default:
      return request satisfies never;
  }
}
