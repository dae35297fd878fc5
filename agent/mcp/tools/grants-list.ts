/** `grants_list`: what of one's own wishes waits for a person, and what people decided. */
import { z } from "zod";
import type { Grant, GrantData } from "../../../protocol/grant.ts";
import type { Reply } from "../../../protocol/reply.ts";
import { grantSchema } from "../../reply.ts";
import { outcomeOf } from "../outcome.ts";
import { defineTool } from "../tool.ts";
import { untrustedLine } from "../untrusted.ts";

/** Who decided is the administrator's to know. */
const shownSchema = grantSchema.omit({ approver: true }).extend({
  asked: z.int().describe("seconds since 1970"),
  until: z.int().describe("until then it waits, or may be used: seconds since 1970"),
  uses: z.int().describe("how often it may still be used"),
  reason: z.string().nullable().describe("what the person said of it"),
});
export const grantsShown = z.strictObject({ grants: z.array(shownSchema) });

const none = z.strictObject({});

export const grantsList = defineTool({
  name: "grants_list",
  title: "Grants",
  description:
    "Lists your own wishes that wait for a person's grant, and what people decided. Changes nothing; nobody can grant anything through this server.",
  offered: () => none,
  accepted: none,
  data: grantsShown,
  async run(_, call) {
    const request = { kind: "grant", action: "check", id: null } as const;
    return outcomeOf(await call.ask(request), request, shownIn);
  },
});

export function shownIn({ data }: Reply): {
  summary: string;
  data: z.input<typeof grantsShown>;
} {
  const grants = (data?.kind === "grant" ? data : NONE).grants.map(shown);
  const lines = grants.map(({ id, stands, subject }) => `${id} ${stands}: ${subject}`);
  return { summary: lines.join("\n") || "nothing waits and nothing was granted", data: { grants } };
}

const NONE: GrantData = { kind: "grant", grants: [] };

function shown({ id, subject, claim, stands, asked, until, uses, reason }: Grant) {
  const said = reason === null ? null : untrustedLine(reason);
  const words = { subject: untrustedLine(subject), claim: untrustedLine(claim), reason: said };
  return { id, stands, asked, until, uses, ...words };
}
