/** A run and its steps as they are remembered. */
import { z } from "zod";
import type { Owner } from "./owner.ts";
import type { Plan } from "./plan.ts";
import { RUN_STATES, STEP_STATES, type RunState, type StepState } from "./state.ts";

export type StepRecord = {
  id: string;
  state: StepState;
  /** How often it was begun. */
  attempt: number;
  /** ISO 8601. */
  started: string | null;
  exitStatus: number | null;
  signal: string | null;
  /** What it printed, secrets removed; its head and its tail where it is long. */
  output: string;
  truncated: boolean;
  durationMs: number | null;
  /** For a person. */
  reason: string;
  castSha256: string | null;
};

export type RunRecord = {
  id: string;
  name: string;
  created: string;
  ended: string | null;
  state: RunState;
  digest: string;
  /** Where the workflow came from; null if an agent sent it. */
  file: string | null;
  /** The agent that sent it, and what it says why; null of a person's own run. */
  client: string | null;
  claim: string | null;
  /** By which secrets given again are compared; null where there are none. */
  secrets: string | null;
  cancelRequested: boolean;
};

export type NewRun = { plan: Plan } & Pick<RunRecord, "file" | "client" | "claim" | "secrets">;

const text = z.string();
const maybe = z.string().nullable();

export const ownerSchema = z.strictObject({ pid: z.int(), started: text, boot: text });

const runRow = z.looseObject({
  id: text,
  name: text,
  created: text,
  ended: maybe,
  state: z.enum(RUN_STATES),
  digest: text,
  file: maybe,
  client: maybe,
  claim: maybe,
  secrets: maybe,
  owner: maybe,
  cancel: z.int(),
});

const stepRow = z.looseObject({
  id: text,
  state: z.enum(STEP_STATES),
  attempt: z.int(),
  started: maybe,
  exitStatus: z.int().nullable(),
  signal: maybe,
  output: text,
  truncated: z.int(),
  durationMs: z.int().nullable(),
  reason: text,
  castSha256: maybe,
});

/** `alive`: whether a process is still there. What says that it runs, and is run by nobody, was interrupted. */
export function runIn(row: unknown, alive: (owner: Owner) => boolean): RunRecord {
  const { owner, cancel, state, ...run } = runRow.parse(row);
  const running = state !== "running" || (owner !== null && alive(ownerIn(owner)));
  return {
    id: run.id,
    name: run.name,
    created: run.created,
    ended: run.ended,
    state: running ? state : "interrupted",
    digest: run.digest,
    file: run.file,
    client: run.client,
    claim: run.claim,
    secrets: run.secrets,
    cancelRequested: cancel !== 0,
  };
}

function ownerIn(owner: string): Owner {
  return ownerSchema.parse(JSON.parse(owner));
}

export function stepIn(row: unknown): StepRecord {
  const step = stepRow.parse(row);
  return {
    id: step.id,
    state: step.state,
    attempt: step.attempt,
    started: step.started,
    exitStatus: step.exitStatus,
    signal: step.signal,
    output: step.output,
    truncated: step.truncated !== 0,
    durationMs: step.durationMs,
    reason: step.reason,
    castSha256: step.castSha256,
  };
}
