/** `sallyport run`: a workflow from its file. */
import { resolve } from "node:path";
import { openClient } from "../client.ts";
import { thisHost } from "../host.ts";
import { inputValues } from "../workflow/inputs.ts";
import { PARTS, type Parts } from "../workflow/parts.ts";
import { lockedSteps, makePlan, privilegedSteps, type Plan } from "../workflow/plan.ts";
import { obstacleAhead } from "../workflow/before-run.ts";
import { stateFolder } from "../workflow/state-folder.ts";
import { rated } from "../workflow/risk.ts";
import { openStore } from "../workflow/store.ts";
import { thisPlace } from "../workflow/surroundings.ts";
import { fail } from "./errors.ts";
import { planText } from "./plan-text.ts";
import { resumeRun } from "./resume-run.ts";
import { asksHelper, beginRun, colours, verdictsOf, type BeginOptions } from "./run-begin.ts";
import { inputFailure, obstacleFailure, storeFailure, usage } from "./run-words.ts";
import { failFile, readWorkflowFile } from "./workflow-file.ts";

export type RunOptions = BeginOptions & {
  plan?: true;
  resume?: string;
  /** `name=value`, each. */
  inputs?: string[];
  yes?: true;
};

/** Sets the exit status. */
export async function runWorkflow(
  file: string | undefined,
  options: RunOptions,
  parts: Parts = PARTS,
): Promise<void> {
  const json = options.json === true || options.jsonl === true;
  if (options.resume !== undefined) return await resumeRun(options.resume, file, options, parts);
  if (file === undefined) return fail(usage("a workflow file is missing"), { json });
  const made = planOf(file, options);
  if (made === null) return;
  const planned = await rated(made);
  if (options.plan === true) return await printPlan(planned, json, parts);
  const store = openStore(stateFolder(process.env));
  if ("flaw" in store) return fail(storeFailure(store.flaw), { json });
  try {
    const words = ["run", file, ...(options.inputs ?? []).flatMap((word) => ["--input", word])];
    const begin = { store, plan: planned, parts, record: null, file: resolve(file), words };
    await beginRun({ ...begin, done: new Set(), claimed: () => {} }, options);
  } finally {
    store.close();
  }
}

/** Null after what is wrong was printed. */
function planOf(file: string, options: RunOptions): Plan | null {
  const json = options.json === true || options.jsonl === true;
  const read = readWorkflowFile(file);
  if ("failure" in read) {
    failFile(file, read, { json });
    return null;
  }
  const given = new Map<string, string>();
  for (const word of options.inputs ?? []) {
    const at = word.indexOf("=");
    if (at < 1) {
      fail(usage(`--input takes NAME=VALUE, not ${word}`), { json });
      return null;
    }
    given.set(word.slice(0, at), word.slice(at + 1));
  }
  const inputs = inputValues(read.workflow.inputs, given);
  if ("values" in inputs) return makePlan(read.workflow, inputs.values, thisPlace(process.cwd()));
  fail(inputFailure(inputs.flaws), { json });
  return null;
}

async function printPlan(plan: Plan, json: boolean, parts: Parts): Promise<void> {
  const client = asksHelper(plan) ? openClient(thisHost()) : null;
  try {
    const obstacle = await obstacleAhead(plan, parts);
    const refused = obstacle === null ? null : obstacleFailure(obstacle);
    const verdicts = await verdictsOf(client);
    if (!json) {
      process.stdout.write(planText(plan, { verdicts, colours: colours(), claimed: null }));
      const why = refused === null ? "" : `it would not be run: ${refused.cause}\n`;
      process.stdout.write(why);
      return;
    }
    const data = {
      kind: "plan",
      plan,
      privileged: privilegedSteps(plan).map(({ id }) => id),
      locked: lockedSteps(plan).map(({ id }) => id),
      refused: refused === null ? null : { code: refused.code, message: refused.cause },
    };
    process.stdout.write(`${JSON.stringify({ v: 1, success: true, data, error: null })}\n`);
  } finally {
    await client?.close();
  }
}
