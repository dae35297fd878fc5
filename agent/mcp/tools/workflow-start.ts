/** `workflow_start`: a workflow runs, or waits for a person to unlock it. */
import { z } from "zod";
import { success } from "../outcome.ts";
import { defineTool } from "../tool.ts";
import {
  clientOf,
  deskOf,
  notStarted,
  sentIn,
  workflowInputs,
  workflowText,
} from "../workflow-words.ts";

const sent = z.strictObject({
  workflow: workflowText,
  inputs: workflowInputs,
  reason: z
    .string()
    .max(500)
    .optional()
    .describe("why; shown to the person who unlocks it, as your claim"),
});

export const workflowStart = defineTool({
  name: "workflow_start",
  title: "Start a workflow",
  description:
    "Starts a workflow. If a step may use sudo it waits for a person, who sees the exact commands and gives the password on a terminal of their own: tell them the command in data.unlock, and poll workflow_status. A step with sandbox: false waits for a grant, which workflow_status names. Never ask for a password yourself.",
  offered: () => sent,
  accepted: sent,
  data: z.strictObject({
    run: z.string(),
    state: z.enum(["waiting", "running"]),
    unlock: z.string().nullable().describe("what a person must run in a terminal; null if nothing"),
  }),
  async run(args, call) {
    const started = await deskOf(call).start(sentIn(args), clientOf(), args.reason ?? null);
    if (started.kind === "no_store") call.context.report(new Error(started.flaw));
    if (started.kind !== "started") return notStarted(started);
    const { run, waits } = started;
    const unlock = waits ? `sallyport unlock ${run}` : null;
    const summary = waits
      ? `run ${run} waits: a person must run in a terminal: ${unlock}`
      : `run ${run} is under way; workflow_status tells how it goes`;
    const state = waits ? ("waiting" as const) : ("running" as const);
    return await Promise.resolve(success(summary, { data: { run, state, unlock } }));
  },
});
