/** A request as words and back: accepts and refuses exactly what helper/parse.ts does. */
import { z } from "zod";
import {
  NAMED_PACKAGE_ACTIONS,
  NAME_MAX_BYTES,
  PLAIN_REQUESTS,
  SERVICE_ACTIONS,
  SYSTEM_PACKAGE_ACTIONS,
  type Request,
} from "../protocol/operation.ts";

/** Any name that is short enough; whether the policy knows it is for the helper to say, and to record. */
const nameSchema = z
  .string()
  .min(1)
  .refine((name) => Buffer.byteLength(name) <= NAME_MAX_BYTES);

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
  z.tuple([z.enum(PLAIN_REQUESTS)]).transform(([kind]) => ({ kind })),
]);

/** The request these words make, or null where they make none. */
export function parseRequest(words: readonly string[]): Request | null {
  return requestSchema.safeParse(words).data ?? null;
}

/** The words of a request, as they stand in argv after the helper's name. */
export function argvOf(request: Request): string[] {
  if (!("action" in request)) return [request.kind];
  return [request.kind, request.action, ...(request.name === null ? [] : [request.name])];
}
