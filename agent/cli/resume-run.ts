/** `sallyport run --resume`: what is left of a run whose process is gone. What is finished is not done again. */
import { existsSync } from "node:fs";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { ended } from "../workflow/engine.ts";
import { isPaused } from "../workflow/grant-wait.ts";
import { inputValues } from "../workflow/inputs.ts";
import { begunSteps } from "../workflow/interrupted.ts";
import type { Parts } from "../workflow/parts.ts";
import { makePlan, type Plan, type PlannedStep } from "../workflow/plan.ts";
import type { RunRecord } from "../workflow/record.ts";
import { isFinal } from "../workflow/state.ts";
import { stateFolder } from "../workflow/state-folder.ts";
import { openStore, type Store } from "../workflow/store.ts";
import { thisPlace } from "../workflow/surroundings.ts";
import { fail, type Failure } from "./errors.ts";
import { answerTo } from "./question.ts";
import { beginRun, type BeginOptions } from "./run-begin.ts";
import { changedSince, claimFailure, damagedPlan, noRun, storeFailure } from "./run-words.ts";
import { readWorkflowFile } from "./workflow-file.ts";

export type ResumeOptions = BeginOptions & { yes?: true };

/** `file`: undefined: the one that it came from. Sets the exit status. */
export async function resumeRun(
  run: string,
  file: string | undefined,
  options: ResumeOptions,
  parts: Parts,
): Promise<void> {
  const json = options.json === true || options.jsonl === true;
  const store = openStore(stateFolder(process.env));
  if ("flaw" in store) return fail(storeFailure(store.flaw), { json });
  try {
    const found = interruptedRun(store, run);
    if ("cause" in found) return fail(found, { json });
    const { record, plan } = found;
    const changed = changeSince(record, plan, file);
    if (changed !== null) return fail(changed, { json });
    const records = store.outline(run);
    const { again, doubtful } = begunSteps(plan, records);
    const decided = decisions(doubtful, run, options);
    if ("cause" in decided) return fail(decided, { json });
    const done = new Set(records.flatMap(({ id, state }) => (isFinal(state) ? [id] : [])));
    for (const { id } of decided.done) done.add(id);
    const words = ["run", "--resume", run];
    const claimed = (): void => {
      for (const { id } of [...again, ...decided.again]) store.rewind(run, id);
      for (const { id } of decided.done)
        store.end(run, id, ended("succeeded", "a person said that it was done"));
    };
    await beginRun(
      { store, plan, parts, record, file: record.file, done, claimed, words },
      options,
    );
  } finally {
    store.close();
  }
}

function interruptedRun(store: Store, run: string): { record: RunRecord; plan: Plan } | Failure {
  const record = store.run(run);
  if (record === null) return noRun(run);
  switch (record.state) {
    case "interrupted":
      return planOf(store, record);
    case "waiting":
      if (isPaused(store.outline(run))) return planOf(store, record);
      return {
        code: "waiting",
        cause: `${run} waits for a person to unlock it`,
        hint: `sallyport unlock ${run}`,
        status: EXIT_STATUS.busy,
      };
    case "running":
      return claimFailure("busy", run);
    default:
      return claimFailure("over", run);
  }
}

function planOf(store: Store, record: RunRecord): { record: RunRecord; plan: Plan } | Failure {
  const plan = store.plan(record.id);
  return plan === null ? damagedPlan(record.id) : { record, plan };
}

/** Who authorised it saw what the file said then, on this host, as this user. */
function changeSince(record: RunRecord, plan: Plan, given: string | undefined): Failure | null {
  const here = thisPlace(plan.cwd);
  const moved = otherPlace(plan, here);
  if (moved !== null) return changedSince(record.id, moved);
  const file = given ?? record.file;
  if (file === null || (given === undefined && !existsSync(file))) return null;
  const read = readWorkflowFile(file);
  const values = Object.entries(plan.inputs).flatMap(([name, value]) =>
    value === null ? [] : [[name, value] as const],
  );
  if ("failure" in read) return changedSince(record.id, `${file} has changed`);
  const inputs = inputValues(read.workflow.inputs, new Map(values));
  if (!("values" in inputs) || makePlan(read.workflow, inputs.values, here).digest !== plan.digest)
    return changedSince(record.id, `${file} has changed`);
  return null;
}

/** What is not as it was where a plan was made, or null. */
export function otherPlace(
  { user, host }: Plan,
  here: ReturnType<typeof thisPlace>,
): string | null {
  if (user.uid !== here.user.uid || user.name !== here.user.name) return "the user has changed";
  if (host.name !== here.host.name || host.machine !== here.host.machine)
    return "the host has changed";
  return null;
}

type Decisions = { again: readonly PlannedStep[]; done: readonly PlannedStep[] };

function decisions(
  doubtful: readonly PlannedStep[],
  run: string,
  { yes, input }: ResumeOptions,
): Decisions | Failure {
  if (yes === true) return { again: doubtful, done: [] };
  const again: PlannedStep[] = [];
  const done: PlannedStep[] = [];
  for (const step of doubtful) {
    const question = `${step.id} was begun and may have run. Run it again (y), or is it done (d)? Else nothing is run: `;
    const answer = input === false ? null : answerTo(question);
    if (answer === null)
      return {
        code: "confirmation_required",
        cause: `${step.id} was begun and may have run: only a person can say whether to run it again`,
        hint: `sallyport run --resume ${run} --yes`,
        status: EXIT_STATUS.busy,
      };
    if (answer === "y") again.push(step);
    else if (answer === "d") done.push(step);
    else
      return {
        code: "cancelled",
        cause: "nothing was run",
        hint: `sallyport runs ${run}`,
        status: 130,
      };
  }
  return { again, done };
}
