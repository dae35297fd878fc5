/** `package_info`: which version of a package is installed, and which could be. */
import { z } from "zod";
import { replyText } from "../../cli/reply-text.ts";
import { outcomeOf } from "../outcome.ts";
import { ANY_NAME, defineTool, nameFrom } from "../tool.ts";
import { untrustedFields } from "../untrusted.ts";

const packageData = z.strictObject({
  kind: z.literal("package"),
  name: z.string(),
  manager: z.string(),
  installed: z.string().nullable().describe("version; null: not installed"),
  candidate: z.string().nullable().describe("version that an installation would bring"),
});

export const packageInfo = defineTool({
  name: "package_info",
  title: "Package versions",
  description:
    "Tells which version of a package is installed and which could be installed. Changes nothing.",
  offered: ({ packageReads: { names } }) =>
    names?.length === 0 ? null : z.strictObject({ name: nameFrom(names) }),
  accepted: z.strictObject({ name: ANY_NAME }),
  data: packageData,
  async run({ name }, call) {
    const request = { kind: "package", action: "info", name } as const;
    return outcomeOf(await call.ask(request), request, (reply) => ({
      summary: replyText(request, reply).trimEnd(),
      data: reply.data?.kind === "package" ? untrustedFields(reply.data) : null,
    }));
  },
});
