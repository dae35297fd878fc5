/** Runs what this process has claimed in the store, to its end; writes down what happens, and obeys `sallyport cancel` and lock-down. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { runSteps, type Before, type Journal, type Work } from "./engine.ts";
import { keptOf, keptOutput, type KeptOutput } from "../kept-text.ts";
import { isLockedDown } from "../lockdown.ts";
import type { PlannedStep } from "./plan.ts";
import { castFolder } from "./state-folder.ts";
import { isFinal, runStateOf, type RunEnd } from "./state.ts";
import type { Store } from "./store.ts";
import { stepEnvironment } from "./surroundings.ts";

/** Between two looks for a wish to cancel, and between two writings of what running steps print. */
const [LOOK_MS, WRITE_MS] = [250, 500];

export type Conduct = Pick<Work, "plan" | "executors" | "secrets" | "parallel" | "signal"> & {
  store: Store;
  run: string;
  /** Told of everything after it is on record. */
  watch: Journal;
};

/** Throws where the store can no longer be written; everything was stopped then, and the run counts as interrupted. */
export async function conduct(work: Conduct): Promise<RunEnd> {
  const { store, run, plan, watch } = work;
  const stop = new AbortController();
  const outputs = new Map<string, KeptOutput>();
  const fresh = new Set<string>();
  const held = new Set<string>();
  let broken: unknown = null;
  const guarded = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      broken ??= error;
      stop.abort();
    }
  };
  const look = setInterval(() => {
    guarded(() => {
      if (store.cancelRequested(run) || isLockedDown()) stop.abort();
    });
  }, LOOK_MS);
  const write = setInterval(() => {
    if (fresh.size === 0) return;
    const printed = new Map<string, { text: string; truncated: boolean }>();
    for (const id of fresh) {
      const kept = outputs.get(id);
      if (kept !== undefined) printed.set(id, { text: kept.text(), truncated: kept.truncated() });
    }
    fresh.clear();
    guarded(() => store.printed(run, printed));
  }, WRITE_MS);

  const journal: Journal = {
    begin(step, attempt) {
      store.begin(run, step.id, attempt, step.via !== "sandbox");
      outputs.set(step.id, keptOutput());
      watch.begin(step, attempt);
    },
    output(step, text) {
      outputs.get(step.id)?.add(text);
      fresh.add(step.id);
      return watch.output(step, text);
    },
    end(step, end, again) {
      outputs.delete(step.id);
      fresh.delete(step.id);
      // Bounded on record, whatever an executor gives.
      const { text: output, truncated } = keptOf(end.output, end.truncated);
      const kept = { ...end, output, truncated };
      store.end(run, step.id, kept);
      watch.end(step, kept, again);
    },
    hold(id, why) {
      store.hold(run, id, why);
      held.add(id);
      watch.hold(id, why);
    },
    settle(id, state, reason) {
      held.delete(id);
      store.settle(run, id, state, reason);
      watch.settle(id, state, reason);
    },
  };
  if (isLockedDown()) stop.abort();
  try {
    const states = await runSteps({
      ...work,
      ...history(store, run),
      journal,
      signal: AbortSignal.any([work.signal, stop.signal]),
      environment: stepEnvironment(),
      castFile: castFiles(store.folder, run),
    });
    if (broken !== null) throw broken;
    if (held.size > 0) {
      store.pause(run);
      return "waiting";
    }
    const state = runStateOf(plan.steps.map(({ id }) => states.get(id) ?? "skipped"));
    store.finish(run, state);
    return state;
  } finally {
    clearInterval(look);
    clearInterval(write);
  }
}

/** What earlier processes did of it. */
function history(store: Store, run: string): Pick<Work, "before" | "attempts"> {
  const before = new Map<string, Before>();
  const attempts = new Map<string, number>();
  for (const { id, state, attempt, output, truncated } of store.steps(run)) {
    attempts.set(id, attempt);
    if (isFinal(state)) before.set(id, { state, printed: { text: output, truncated } });
  }
  return { before, attempts };
}

function castFiles(folder: string, run: string): Work["castFile"] {
  let made = false;
  return ({ via, id }: PlannedStep, attempt) => {
    if (via !== "terminal" && via !== "unsandboxed") return null;
    const casts = castFolder(folder, run);
    if (!made) mkdirSync(casts, { recursive: true, mode: 0o700 });
    made = true;
    return join(casts, `${id}.${attempt}.cast`);
  };
}
