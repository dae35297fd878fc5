/** Runs the steps of a plan: as many at once as is allowed, each on record before it begins. */
import { setTimeout as delay } from "node:timers/promises";
import { bind, type Printed } from "./bind.ts";
import type { Admission, Executed, Execution, Executors } from "./execution.ts";
import { keptOf } from "../kept-text.ts";
import type { Plan, PlannedStep } from "./plan.ts";
import { schedule } from "./schedule.ts";
import type { FinalState } from "./state.ts";

/** What is written down, and told to whoever watches. What throws here stops the run. */
export type Journal = {
  begin(step: PlannedStep, attempt: number): void;
  output(step: PlannedStep, text: string): void | Promise<void>;
  /** `again`: it failed, and is begun once more. */
  end(step: PlannedStep, end: Executed, again: boolean): void;
  /** It was not begun: a person has to grant it first. `why` is for that person. */
  hold(id: string, why: string): void;
  /** Of a step that never began. */
  settle(id: string, state: FinalState, reason: string): void;
};

/** Of a step that was over in an earlier process. */
export type Before = { state: FinalState; printed: Printed };

export type Work = {
  plan: Plan;
  before: ReadonlyMap<string, Before>;
  /** How often a step was begun in earlier processes. */
  attempts: ReadonlyMap<string, number>;
  executors: Executors;
  journal: Journal;
  /** How many steps at once, from 1. */
  parallel: number;
  /** Aborted: everything is stopped, and nothing more is begun. */
  signal: AbortSignal;
  /** By the names of inputs. */
  secrets: ReadonlyMap<string, Buffer>;
  environment: Readonly<Record<string, string>>;
  castFile: (step: PlannedStep, attempt: number) => string | null;
  pause?: (ms: number, signal: AbortSignal) => Promise<unknown>;
};

/** Between attempts, in milliseconds: twice as long each time. */
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [1000, 60_000];

/** What became of every step. Throws what the journal throws, once nothing runs any more. */
export async function runSteps(work: Work): Promise<ReadonlyMap<string, FinalState>> {
  const { plan, journal, before, parallel } = work;
  const steps = new Map(plan.steps.map((step) => [step.id, step]));
  const printed = new Map([...before].map(([id, { printed: text }]) => [id, text]));
  const wanted = referredTo(plan);
  const ends = new Map([...before].map(([id, { state }]) => [id, state]));
  const began = new Set<string>();
  const held = new Set<string>();
  const stopped = new AbortController();
  const signal = AbortSignal.any([work.signal, stopped.signal]);
  const broken: unknown[] = [];
  /** The journal could not be written: nobody would know what else is done. */
  const guarded = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      broken.push(error);
      stopped.abort();
    }
  };
  const next = schedule(plan.steps, ends, (id, state) => {
    ends.set(id, state);
    if (!began.delete(id)) guarded(() => journal.settle(id, state, reasonOf(state)));
  });

  const running = new Set<Promise<void>>();
  const one = async (step: PlannedStep): Promise<void> => {
    const begun = (): void => void began.add(step.id);
    const end = await attempts(step, { ...work, signal, guarded, printed, begun });
    if (end === "waits") {
      began.delete(step.id);
      held.add(step.id);
      return;
    }
    if (wanted.has(step.id)) printed.set(step.id, keptOf(end.output, end.truncated));
    next.settle(step.id, end.state);
  };
  for (;;) {
    if (signal.aborted) {
      next.cancel();
      for (const id of held) next.settle(id, "cancelled");
      held.clear();
    }
    for (let id = running.size < parallel ? next.take() : null; id !== null;) {
      const step = steps.get(id);
      if (step !== undefined) {
        const done: Promise<void> = one(step).finally(() => running.delete(done));
        running.add(done);
      }
      id = running.size < parallel ? next.take() : null;
    }
    if (running.size === 0) break;
    await Promise.race(running);
  }
  if (broken.length > 0) throw broken[0];
  return ends;
}

/** Steps whose output others are given: that of a thousand others need not be in memory. */
function referredTo({ steps }: Plan): ReadonlySet<string> {
  const templates = steps.flatMap(({ env, stdin }) => [
    ...env.map(([, text]) => text),
    stdin ?? [],
  ]);
  return new Set(templates.flat().flatMap((part) => ("stdout" in part ? [part.stdout] : [])));
}

function reasonOf(state: FinalState): string {
  if (state === "locked") return "it is locked: it never runs";
  return state === "skipped" ? "what it waits for did not happen" : "";
}

type Attempting = Work & {
  guarded: (act: () => void) => void;
  printed: ReadonlyMap<string, Printed>;
  /** From then on it has an end of its own on record. */
  begun: () => void;
};

async function attempts(step: PlannedStep, work: Attempting): Promise<Executed | "waits"> {
  const { journal, signal, guarded, begun, pause = wait } = work;
  const already = work.attempts.get(step.id) ?? 0;
  for (let attempt = 1; ; attempt += 1) {
    const asked = admit(step, already + attempt, work);
    const admission = asked instanceof Promise ? await asked : asked;
    if (admission.kind === "waits" && !signal.aborted) {
      guarded(() => journal.hold(step.id, admission.why));
      return "waits";
    }
    begun();
    guarded(() => journal.begin(step, already + attempt));
    const end =
      signal.aborted || admission.kind === "waits"
        ? ended("cancelled", "it was not begun")
        : admission.kind === "ended"
          ? admission.end
          : await endOf(admission.run);
    const again =
      attempt <= step.retries &&
      (end.state === "failed" || end.state === "timed-out") &&
      !signal.aborted;
    guarded(() => journal.end(step, end, again));
    if (!again) return end;
    await pause(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1)), signal);
    if (signal.aborted) return end;
  }
}

async function wait(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {});
}

/** What only a person lets run asks before it is begun; all else goes at once. */
function admit(
  step: PlannedStep,
  attempt: number,
  { plan, executors, printed, secrets, environment, signal, journal, castFile }: Attempting,
): Admission | Promise<Admission> {
  const over = (end: Executed): Admission => ({ kind: "ended", end });
  if (executors[step.via] === null)
    return over(ended("denied", `this program has no ${step.via} for it`));
  const bound = bind(step, {
    input: (name) => secrets.get(name)?.toString("utf8") ?? plan.inputs[name] ?? "",
    printed: (id) => printed.get(id) ?? null,
  });
  if ("flaw" in bound) return over(ended("failed", bound.flaw));
  const execution: Execution = {
    step,
    env: { ...environment, ...bound.env },
    stdin: bound.stdin,
    timeoutMs: step.timeoutMs ?? 0,
    signal,
    secrets: [...secrets.values()],
    castFile: castFile(step, attempt),
    output: (text) => journal.output(step, text),
  };
  if (signal.aborted) return over(ended("cancelled", "it was not begun"));
  if (step.via !== "unsandboxed") {
    const executor = executors[step.via];
    return { kind: "go", run: async () => (await executor?.(execution)) ?? ended("denied", "") };
  }
  const gate = executors.unsandboxed;
  if (gate === null) return over(ended("denied", ""));
  return gate(execution).catch((error: unknown) => over(bug(error)));
}

async function endOf(run: () => Promise<Executed>): Promise<Executed> {
  try {
    return await run();
  } catch (error) {
    return bug(error);
  }
}

function bug(error: unknown): Executed {
  const text = error instanceof Error ? error.message : String(error);
  return ended("failed", `a bug in sallyport: ${text}`);
}

/** The end of a step of which nothing ran. */
export function ended(state: Executed["state"], reason: string): Executed {
  return {
    state,
    exitStatus: null,
    signal: null,
    output: "",
    truncated: false,
    durationMs: 0,
    reason,
    castSha256: null,
  };
}
