/** `workflow_validate`: everything that is wrong with a workflow. */
import { z } from "zod";
import { readWorkflow } from "../../workflow/read.ts";
import { success } from "../outcome.ts";
import { defineTool } from "../tool.ts";
import { problemData, problemLines, problemsShown, workflowText } from "../workflow-words.ts";

const text = z.strictObject({ workflow: workflowText });

export const workflowValidate = defineTool({
  name: "workflow_validate",
  title: "Check a workflow",
  description:
    "Says everything that is wrong with a workflow, each with line and column. Runs nothing and changes nothing.",
  offered: () => text,
  accepted: text,
  data: z.strictObject({
    valid: z.boolean(),
    problems: z.array(problemData),
    more: z.int().describe("problems that are not listed"),
    steps: z.array(z.string()).describe("in the order of their needs"),
  }),
  async run({ workflow }) {
    const read = readWorkflow(workflow);
    if ("problems" in read) {
      const problems = problemsShown(read.problems);
      const more = read.problems.length - problems.length;
      const summary = `not right: ${problemLines(read.problems)}`;
      return success(summary, { data: { valid: false, problems, more, steps: [] } });
    }
    const steps = read.workflow.steps.map(({ id }) => id);
    const data = { valid: true, problems: [], more: 0, steps };
    return await Promise.resolve(success(`right: ${steps.length} steps`, { data }));
  },
});
