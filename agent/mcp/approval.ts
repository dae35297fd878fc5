/** Where a request needs a grant, the wish waits for a person, and the answer says what that person runs. */
import { z } from "zod";
import { CLAIM_MAX_BYTES, type Request } from "../../protocol/operation.ts";
import { argvOf } from "../request.ts";
import type { Call } from "./call.ts";
import type { Outcome } from "./outcome.ts";

export const WHY = z
  .string()
  .refine((text) => Buffer.byteLength(text) <= CLAIM_MAX_BYTES)
  .optional()
  .describe("where a person must grant it: why, shown to that person as your claim");

/** Not asked as a call's own request: what the call came to is that its request needs a grant. */
export async function withApproval<Data>(
  outcome: Outcome<Data>,
  { context }: Call,
  request: Request,
  why = "",
): Promise<Outcome<Data>> {
  if (outcome.code !== "grant_required") return outcome;
  const subject = argvOf(request).join(" ");
  const answer = await context.client.ask({
    kind: "grant",
    action: "request",
    subject,
    claim: why,
  });
  const data = answer.kind === "reply" ? answer.reply.data : null;
  const [waiting] = data?.kind === "grant" ? data.grants : [];
  if (waiting === undefined) return outcome;
  const { id, stands } = waiting;
  if (stands === "denied") return { ...outcome, remedy: DENIED };
  const run = `sallyport approve ${id}`;
  const remedy = `a person must run, on this host: ${run}; approval_status tells what came of it, then call this again`;
  return { ...outcome, remedy, approvalRequired: { id, run } };
}

const DENIED = "a person has denied this, and it cannot be asked again for a day: do without";
