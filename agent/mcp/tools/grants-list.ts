/** `grants_list`: what of one's own wishes waits for a person, and what people decided. */
import { z } from "zod";
import type { Grant, Reply } from "../../../protocol/reply.ts";
import { secondsLeft } from "../../grants/time-left.ts";
import { grantSchema } from "../../reply.ts";
import { outcomeOf } from "../outcome.ts";
import { defineTool } from "../tool.ts";
import { untrustedLine } from "../untrusted.ts";

/** Who decided is the administrator's to know. */
const shownSchema = grantSchema.pick({ id: true, stands: true, subject: true }).extend({
  claim: z.string().describe("what you said of it"),
  asked: z.string(),
  secondsLeft: z.int().describe("so long it waits, may be used, or cannot be asked again"),
  uses: z.int().describe("how often it may still be used"),
  reason: z.string().describe("what the person said of it"),
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
    const request = { kind: "grant", action: "check" } as const;
    return outcomeOf(await call.ask(request), request, (reply) => shownIn(reply));
  },
});

export function shownIn(
  { data }: Reply,
  wanted: (grant: Grant) => boolean = () => true,
): { summary: string; data: z.input<typeof grantsShown> } {
  const grants = (data?.kind === "grant" ? data.grants : []).filter(wanted).map(shown);
  const lines = grants.map(({ id, stands, subject }) => `${id} ${stands}: ${subject}`);
  return { summary: lines.join("\n") || "nothing waits and nothing was granted", data: { grants } };
}

function shown(grant: Grant): z.input<typeof shownSchema> {
  const { id, stands, asked, uses, subject, claim, reason } = grant;
  return {
    id,
    stands,
    asked,
    uses,
    secondsLeft: secondsLeft(grant),
    subject: untrustedLine(subject),
    claim: untrustedLine(claim),
    reason: untrustedLine(reason),
  };
}
