/** `service_status`: the state of a service, and its last log lines. */
import { z } from "zod";
import type { Reply } from "../../../protocol/reply.ts";
import { replyText } from "../../cli/reply-text.ts";
import { serviceData } from "../../reply.ts";
import { outcomeOf } from "../outcome.ts";
import { ANY_NAME, defineTool, nameFrom } from "../tool.ts";
import { untrustedFields } from "../untrusted.ts";

const logs = z.boolean().optional().describe("also return the last lines of its log");

export function serviceOf({ data }: Reply): z.infer<typeof serviceData> | null {
  return data?.kind === "service" ? untrustedFields(data) : null;
}

export const serviceStatus = defineTool({
  name: "service_status",
  title: "Service status",
  description:
    "Tells whether a service runs and starts at boot; with logs, also what it said last. Changes nothing.",
  offered: ({ serviceReads: { names } }) =>
    names?.length === 0 ? null : z.strictObject({ name: nameFrom(names), logs }),
  accepted: z.strictObject({ name: ANY_NAME, logs }),
  data: serviceData,
  async run({ name, logs: wanted = false }, call) {
    const request = { kind: "service", action: "status", name } as const;
    const status = outcomeOf(await call.ask(request), request, (reply) => ({
      summary: replyText(request, reply).trimEnd(),
      data: serviceOf(reply),
    }));
    if (!wanted || status.code !== null) return status;
    const logsRequest = { ...request, action: "logs" } as const;
    const { data, summary } = status;
    return outcomeOf(await call.ask(logsRequest), logsRequest, () => ({ summary, data }));
  },
});
