/** `package_manage`: installs and removes packages, and keeps them up to date. */
import { z } from "zod";
import { SYSTEM_PACKAGE_ACTIONS, type PackageRequest } from "../../../protocol/operation.ts";
import { replyText } from "../../cli/reply-text.ts";
import { WHY, withApproval } from "../approval.ts";
import { PACKAGE_CHANGES } from "../effective-policy.ts";
import { forgetUpdates } from "../host-report.ts";
import { outcomeOf, refusal } from "../outcome.ts";
import { ANY_NAME, defineTool, nameFrom } from "../tool.ts";

export const packageManage = defineTool({
  name: "package_manage",
  title: "Package management",
  description: `Installs, removes or upgrades one package as root (with name), or acts on the whole system (${SYSTEM_PACKAGE_ACTIONS.join(", ")} without name). The host's policy decides: some actions need a person's grant. May take minutes: ask for progress. A transaction that has begun is never cut off, even if you cancel.`,
  offered({ packageChanges: { actions, names }, systemChanges }) {
    const words = [...new Set([...actions, ...systemChanges])];
    if (words.length === 0) return null;
    const action = z.enum(words);
    if (names?.length === 0) return z.strictObject({ action, why: WHY });
    return z.strictObject({
      action,
      name: nameFrom(names).optional().describe("leave it out to act on the whole system"),
      why: WHY,
    });
  },
  accepted: z.strictObject({
    action: z.enum([...PACKAGE_CHANGES, ...SYSTEM_PACKAGE_ACTIONS]),
    name: ANY_NAME.optional(),
    why: WHY,
  }),
  data: z.null(),
  async run({ action, name, why }, call) {
    const request = requestOf(action, name);
    if (request === null) {
      const wish = name === undefined ? `${action} needs a name` : `${action} takes no name`;
      return refusal("malformed", wish);
    }
    const asked = await call.ask(request);
    forgetUpdates();
    const outcome = outcomeOf(asked, request, (reply) => ({
      summary: replyText(request, reply).trimEnd(),
      data: null,
    }));
    return await withApproval(outcome, call, request, why);
  },
});

function requestOf(action: string, name: string | undefined): PackageRequest | null {
  const kind = "package";
  if (name === undefined) {
    const system = SYSTEM_PACKAGE_ACTIONS.find((known) => known === action);
    return system === undefined ? null : { kind, action: system, name: null };
  }
  const named = PACKAGE_CHANGES.find((known) => known === action);
  return named === undefined ? null : { kind, action: named, name };
}
