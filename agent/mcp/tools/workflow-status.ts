/** `workflow_status`: how a run goes, and what became of its steps. */
import { z } from "zod";
import { RUN_STATES, STEP_STATES } from "../../workflow/state.ts";
import { awaitedGrants, nextCommand } from "../../workflow/grant-wait.ts";
import { refusal, success } from "../outcome.ts";
import { defineTool } from "../tool.ts";
import { clientOf, deskOf, runId, withoutPaths } from "../workflow-words.ts";

const which = z.strictObject({ run: runId });

export const workflowStatus = defineTool({
  name: "workflow_status",
  title: "Status of a run",
  description:
    "Tells the state of one of your runs and of each of its steps. A run in the state waiting waits for a person; if it was for a grant and that is decided, it goes on now.",
  offered: () => which,
  accepted: which,
  data: z.strictObject({
    run: z.string(),
    state: z.enum(RUN_STATES),
    over: z.boolean(),
    next: z.string().nullable().describe("what a person must run in a terminal; null if nothing"),
    approvals: z
      .array(z.strictObject({ step: z.string(), id: z.string(), run: z.string() }))
      .describe(
        "grants that steps outside of the sandbox wait for, and what a person runs for each",
      ),
    steps: z.array(
      z.strictObject({
        id: z.string(),
        state: z.enum(STEP_STATES),
        attempt: z.int(),
        exitStatus: z.int().nullable(),
        signal: z.string().nullable(),
        durationMs: z.int().nullable(),
        reason: z.string(),
      }),
    ),
  }),
  async run({ run }, call) {
    await deskOf(call).proceed(run, clientOf());
    const found = deskOf(call).look(run, clientOf());
    if (found === null) return refusal("no_such_run", run);
    const { state } = found.record;
    const steps = found.steps.map((step) => ({
      id: step.id,
      state: step.state,
      attempt: step.attempt,
      exitStatus: step.exitStatus,
      signal: step.signal,
      durationMs: step.durationMs,
      reason: withoutPaths(step.reason),
    }));
    const awaited = state === "waiting" ? awaitedGrants(found.steps) : [];
    const approvals = awaited.map(({ step, id }) => ({ step, id, run: `sallyport approve ${id}` }));
    const [first] = approvals;
    const next = first?.run ?? nextCommand(found.record, found.steps);
    const lines = steps.map((step) => `${step.id}: ${step.state}`);
    const summary = [`run ${found.record.id}: ${state}`, ...lines].join("\n");
    const over = next === null && state !== "running";
    const data = { run: found.record.id, state, over, next, approvals, steps };
    const approvalRequired = first === undefined ? null : { id: first.id, run: first.run };
    return success(summary, { data, approvalRequired });
  },
});
