/**
 * Runs a plan for real in a process of its own, and kills it with SIGKILL at a given moment:
 * `node crasher.ts FOLDER PLAN-FILE N [RUN]`. Moments are before and after everything that is written down, and around
 * each effect, which is a line in FOLDER/effects. Prints how many there were, if it was not killed.
 */
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { conduct } from "../../../agent/workflow/conduct.ts";
import { ended, type Journal } from "../../../agent/workflow/engine.ts";
import type { Execution, Executed } from "../../../agent/workflow/execution.ts";
import { storedPlan } from "../../../agent/workflow/plan.ts";
import { openStore, type Store } from "../../../agent/workflow/store.ts";

const [folder = "", planFile = "", at = "0"] = process.argv.slice(2);
let moment = 0;
function here(): void {
  moment += 1;
  if (moment === Number(at)) process.kill(process.pid, "SIGKILL");
}

/** Every writing of the store is a moment before and a moment after. */
function watched(store: Store): Store {
  const around = <Words extends unknown[], T>(act: (...words: Words) => T) => {
    return (...words: Words): T => {
      here();
      const done = act(...words);
      here();
      return done;
    };
  };
  return {
    ...store,
    create: around(store.create),
    claim: around(store.claim),
    begin: around(store.begin),
    end: around(store.end),
    settle: around(store.settle),
    finish: around(store.finish),
  };
}

const opened = openStore(folder);
const plan = storedPlan(readFileSync(planFile, "utf8"));
if ("flaw" in opened || plan === null) throw new Error("no store or no plan");
const store = watched(opened);
const run = store.create({ plan, file: null, client: null, claim: null, secrets: null });
store.claim(run);

async function execute({ step, output }: Execution): Promise<Executed> {
  here();
  appendFileSync(join(folder, "effects"), `${step.id}\n`);
  await output(step.id);
  here();
  return { ...ended(step.id === "bad" ? "failed" : "succeeded", ""), output: step.id };
}
const nobody: Journal = { begin() {}, output() {}, hold() {}, end() {}, settle() {} };
await conduct({
  store,
  run,
  plan,
  executors: { terminal: execute, sandbox: execute, unsandboxed: null, helper: execute },
  secrets: new Map(),
  parallel: 2,
  signal: new AbortController().signal,
  watch: nobody,
});
process.stdout.write(`${moment}\n`);
