/** `approval_status`: what came of one wish that waits for a person. */
import { z } from "zod";
import { GRANT_ID } from "../../../protocol/grant.ts";
import { outcomeOf } from "../outcome.ts";
import { defineTool } from "../tool.ts";
import { grantsShown, shownIn } from "./grants-list.ts";

const query = z.strictObject({
  id: z.string().regex(GRANT_ID).describe("of approvalRequired, or of grants_list"),
});

export const approvalStatus = defineTool({
  name: "approval_status",
  title: "Approval status",
  description:
    "Tells whether a person has granted, denied or taken back one of your own wishes, or whether it still waits. Changes nothing.",
  offered: () => query,
  accepted: query,
  data: grantsShown,
  async run({ id }, call) {
    const request = { kind: "grant", action: "check", id } as const;
    return outcomeOf(await call.ask(request), request, (reply) => {
      const found = shownIn(reply);
      const none = found.data.grants.length === 0;
      return none ? { ...found, summary: `none of your wishes is called ${id}` } : found;
    });
  },
});
