/** `sallyport runs` and `sallyport cancel`: what is remembered of runs, and an end to one. */
import { escapeBlock, escapeLine } from "../escape.ts";
import { nextCommand } from "../workflow/grant-wait.ts";
import type { RunRecord, StepRecord } from "../workflow/record.ts";
import { stateFolder } from "../workflow/state-folder.ts";
import { isFinal } from "../workflow/state.ts";
import { openStore, type Store } from "../workflow/store.ts";
import { fail } from "./errors.ts";
import { endWord, whyOf } from "./run-rows.ts";
import { claimFailure, noRun, storeFailure, usage } from "./run-words.ts";
import { tableText } from "./table.ts";

type Options = { json?: true };

const NEWEST = 50;

/** Without a run: the newest ones. With a step: what it printed. */
export function showRuns(
  run: string | undefined,
  step: string | undefined,
  options: Options,
): void {
  const json = options.json === true;
  withStore(json, (store) => {
    if (run === undefined) return listRuns(store, json);
    const record = store.run(run);
    if (record === null) return fail(noRun(run), { json });
    if (step !== undefined) {
      const found = store.step(run, step);
      if (found === null) return fail(usage(`${run} has no step ${step}`, "runs"), { json });
      if (json) return print({ kind: "step", run, step: found });
      return void process.stdout.write(escapeBlock(found.output.replaceAll("\r\n", "\n")));
    }
    const steps = store.outline(run);
    if (json) return print({ kind: "run", run: record, steps });
    process.stdout.write(`${headOf(record)}\n${tableText(steps.map(stepRow))}`);
    const next = nextCommand(record, steps);
    if (next !== null) process.stdout.write(`next: ${next}\n`);
  });
}

function listRuns(store: Store, json: boolean): void {
  const runs = store.list(NEWEST);
  if (json) return print({ kind: "runs", runs });
  if (runs.length === 0) return void process.stdout.write("no runs\n");
  const rows = runs.map(({ id, state, created, name }) => [id, state, created, escapeLine(name)]);
  process.stdout.write(tableText([["RUN", "STATE", "CREATED", "WORKFLOW"], ...rows]));
}

function print(data: object): void {
  process.stdout.write(`${JSON.stringify({ v: 1, success: true, data, error: null })}\n`);
}

function headOf({ id, name, state, created, digest, client }: RunRecord): string {
  const sent = client === null ? "" : `, sent by an agent (${escapeLine(client)})`;
  return `run ${id} of ${escapeLine(name)}: ${state}, created ${created}${sent}\nplan ${digest}`;
}

function stepRow(step: StepRecord): string[] {
  const { id, state } = step;
  if (!isFinal(state)) return [`  ${id}`, state, escapeLine(step.reason)];
  const cast = step.castSha256 === null ? "" : ` recording ${step.castSha256}`;
  return [
    `  ${id}`,
    endWord({ ...step, state }),
    `${escapeLine(whyOf({ ...step, state }))}${cast}`,
  ];
}

/** Asks the process that runs it to stop, or ends what no process runs. */
export function cancelRun(run: string, options: Options): void {
  const json = options.json === true;
  withStore(json, (store) => {
    const done = store.cancel(run);
    if (done === "none") return fail(noRun(run), { json });
    if (done === "over") return fail(claimFailure("over", run), { json });
    if (json) return print({ kind: "cancel", run, done });
    const text = done === "cancelled" ? "cancelled" : "its process was asked to stop everything";
    process.stdout.write(`${run}: ${text}\n`);
  });
}

function withStore(json: boolean, act: (store: Store) => void): void {
  const store = openStore(stateFolder(process.env));
  if ("flaw" in store) return fail(storeFailure(store.flaw), { json });
  try {
    act(store);
  } finally {
    store.close();
  }
}
