/** `sallyport unlock`: a person lets run here what an agent has sent, after seeing what it is. */
import { isPaused } from "../workflow/grant-wait.ts";
import { PARTS, type Parts } from "../workflow/parts.ts";
import { stateFolder } from "../workflow/state-folder.ts";
import { openStore } from "../workflow/store.ts";
import { thisPlace } from "../workflow/surroundings.ts";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { fail } from "./errors.ts";
import { otherPlace } from "./resume-run.ts";
import { beginRun, type BeginOptions } from "./run-begin.ts";
import { changedSince, claimFailure, damagedPlan, noRun, storeFailure } from "./run-words.ts";

/** Sets the exit status. */
export async function unlockRun(
  run: string,
  options: BeginOptions,
  parts: Parts = PARTS,
): Promise<void> {
  const json = options.json === true || options.jsonl === true;
  const store = openStore(stateFolder(process.env));
  if ("flaw" in store) return fail(storeFailure(store.flaw), { json });
  try {
    const record = store.run(run);
    if (record === null) return fail(noRun(run), { json });
    const { state } = record;
    if (state === "interrupted")
      return fail(
        {
          code: "interrupted",
          cause: `${run} was begun, and its process is gone`,
          hint: `sallyport run --resume ${run}`,
          status: EXIT_STATUS.busy,
        },
        { json },
      );
    if (isPaused(store.outline(run)))
      return fail(
        {
          code: "waiting",
          cause: `${run} was begun, and waits for a person's grant`,
          hint: `sallyport run --resume ${run}`,
          status: EXIT_STATUS.busy,
        },
        { json },
      );
    if (state !== "waiting")
      return fail(claimFailure(state === "running" ? "busy" : "over", run), { json });
    const plan = store.plan(run);
    if (plan === null) return fail(damagedPlan(run), { json });
    const moved = otherPlace(plan, thisPlace(plan.cwd));
    if (moved !== null) return fail(changedSince(run, moved), { json });
    const begin = { store, plan, parts, record, file: null, done: new Set<string>() };
    await beginRun({ ...begin, claimed: () => {}, words: ["unlock", run] }, options);
  } finally {
    store.close();
  }
}
