/** `service_control`: changes what a service does. */
import { z } from "zod";
import { replyText } from "../../cli/reply-text.ts";
import { serviceData } from "../../reply.ts";
import { WHY, withApproval } from "../approval.ts";
import { SERVICE_CHANGES } from "../effective-policy.ts";
import { outcomeOf } from "../outcome.ts";
import { ANY_NAME, defineTool, nameFrom } from "../tool.ts";
import { serviceOf } from "./service-status.ts";

export const serviceControl = defineTool({
  name: "service_control",
  title: "Service control",
  description:
    "Starts, stops, restarts or reloads a service as root, or enables or disables it at boot. The host's policy decides: some actions need a person's grant. Answers with the state afterwards.",
  offered: ({ serviceChanges: { actions, names } }) =>
    actions.length === 0
      ? null
      : z.strictObject({ action: z.enum(actions), name: nameFrom(names), why: WHY }),
  accepted: z.strictObject({ action: z.enum(SERVICE_CHANGES), name: ANY_NAME, why: WHY }),
  data: serviceData,
  async run({ action, name, why }, call) {
    const request = { kind: "service", action, name } as const;
    const outcome = outcomeOf(await call.ask(request), request, (reply) => ({
      summary: replyText(request, reply).trimEnd(),
      data: serviceOf(reply),
    }));
    return await withApproval(outcome, call, request, why);
  },
});
