/** `workflow_cancel`: stops a run with everything that its steps have started. */
import { z } from "zod";
import { refusal, success } from "../outcome.ts";
import { defineTool } from "../tool.ts";
import { clientOf, deskOf, runId } from "../workflow-words.ts";

const which = z.strictObject({ run: runId });

export const workflowCancel = defineTool({
  name: "workflow_cancel",
  title: "Cancel a run",
  description:
    "Stops one of your runs, with everything that its steps have started; what the root half has begun, it finishes. A run that waits for a person is withdrawn.",
  offered: () => which,
  accepted: which,
  data: z.strictObject({
    run: z.string(),
    done: z.enum(["cancelled", "requested"]).describe("requested: workflow_status tells the end"),
  }),
  async run({ run }, call) {
    const done = deskOf(call).cancel(run, clientOf());
    if (done === "none") return refusal("no_such_run", run);
    if (done === "over") return refusal("run_over", run);
    const summary = done === "cancelled" ? `${run} is cancelled` : `${run} was asked to stop`;
    return await Promise.resolve(success(summary, { data: { run, done } }));
  },
});
