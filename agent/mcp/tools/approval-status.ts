/** `approval_status`: what came of one wish that waits for a person. */
import { z } from "zod";
import { outcomeOf } from "../outcome.ts";
import { defineTool } from "../tool.ts";
import { grantsShown, shownIn } from "./grants-list.ts";

const query = z.strictObject({
  id: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .describe("of approvalRequired, or of grants_list"),
});

export const approvalStatus = defineTool({
  name: "approval_status",
  title: "Approval status",
  description:
    "Tells whether one of your own wishes still waits, or whether a person has granted or denied it. Changes nothing.",
  offered: () => query,
  accepted: query,
  data: grantsShown,
  async run({ id }, call) {
    const request = { kind: "grant", action: "check" } as const;
    return outcomeOf(await call.ask(request), request, (reply) => {
      const found = shownIn(reply, (grant) => grant.id === id);
      const none = found.data.grants.length === 0;
      return none ? { ...found, summary: GONE } : found;
    });
  },
});

const GONE = "it waits no more: it was used up, taken back, or out of time; audit_query tells";
