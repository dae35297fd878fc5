/** `workflow_plan`: what a workflow would do on this host. */
import { z } from "zod";
import { argvOf } from "../../request.ts";
import type { PlannedStep } from "../../workflow/plan.ts";
import { success } from "../outcome.ts";
import { defineTool } from "../tool.ts";
import { untrustedLine } from "../untrusted.ts";
import {
  deskOf,
  notStarted,
  obstacleCode,
  obstacleWish,
  sentIn,
  workflowInputs,
  workflowText,
} from "../workflow-words.ts";
import { wordsOf } from "../words.ts";

const sent = z.strictObject({ workflow: workflowText, inputs: workflowInputs });

export const workflowPlan = defineTool({
  name: "workflow_plan",
  title: "Plan of a workflow",
  description:
    "Tells what a workflow would do on this host: each step, who executes it, which need a person's password, which can never be reached, and whether it would be refused. Runs nothing and changes nothing.",
  offered: () => sent,
  accepted: sent,
  data: z.strictObject({
    digest: z.string().describe("a person authorises exactly this plan"),
    waitsForPerson: z.boolean().describe("a person must unlock it with a password or a secret"),
    refused: z.strictObject({ code: z.string(), reason: z.string() }).nullable(),
    steps: z.array(
      z.strictObject({
        id: z.string(),
        does: z.string(),
        via: z.enum(["terminal", "sandbox", "unsandboxed", "helper"]),
        needs: z.array(z.string()),
        when: z.enum(["success", "failure", "always"]),
        join: z.enum(["all", "any"]),
        risk: z.string().nullable().describe("null: not rated"),
        locked: z.boolean().describe("it never runs; a run that gets there ends as locked"),
        reachable: z.boolean(),
      }),
    ),
  }),
  async run(args, call) {
    const planned = await deskOf(call).plan(sentIn(args));
    if (planned.kind !== "plan") return notStarted(planned);
    const { plan, obstacle, waits } = planned;
    const refused =
      obstacle === null
        ? null
        : {
            code: obstacleCode(obstacle),
            reason: wordsOf(obstacleCode(obstacle), untrustedLine(obstacleWish(obstacle))).reason,
          };
    const steps = plan.steps.map(shown);
    const summary = [
      ...steps.map(({ id, via, does }) => `${id} (${via}): ${does}`),
      ...(waits ? ["a person must unlock it"] : []),
      ...(refused === null ? [] : [`it would be refused: ${refused.reason}`]),
    ].join("\n");
    const data = { digest: plan.digest, waitsForPerson: waits, refused, steps };
    return await Promise.resolve(success(summary, { data }));
  },
});

function shown(step: PlannedStep) {
  const { id, via, when, join, locked, reachable } = step;
  const risk = step.risk?.level ?? null;
  return {
    id,
    does: doesOf(step),
    via,
    needs: [...step.needs],
    when,
    join,
    risk,
    locked,
    reachable,
  };
}

function doesOf({ act }: PlannedStep): string {
  switch (act.kind) {
    case "request":
      return untrustedLine(argvOf(act.request).join(" "));
    case "code":
      return untrustedLine(`${act.language}: ${act.text}`);
    case "run":
      return untrustedLine(act.text ?? JSON.stringify(act.argv));
    default:
      return act satisfies never;
  }
}
