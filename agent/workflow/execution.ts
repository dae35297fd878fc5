/** What the engine asks of whatever executes a step: a terminal of its own, a sandbox, or the helper. */
import type { PlannedStep } from "./plan.ts";

export type Execution = {
  step: PlannedStep;
  /** In full. */
  env: Readonly<Record<string, string>>;
  /** Null: nothing. */
  stdin: Buffer | null;
  timeoutMs: number;
  /** Aborted: stop everything that was started, and then say so. */
  signal: AbortSignal;
  /** To be removed from all that the step prints. */
  secrets: readonly Buffer[];
  /** Where to record it; null where nothing records it. */
  castFile: string | null;
  /** What the step prints, as it comes; more is given once this has resolved. */
  output: (text: string) => void | Promise<void>;
};

export type Executed = {
  state: "succeeded" | "failed" | "cancelled" | "timed-out" | "denied";
  exitStatus: number | null;
  signal: string | null;
  /** Its head and its tail where it is long. */
  output: string;
  truncated: boolean;
  durationMs: number;
  /** Lowercase, no period; for a person. Empty where the state says all. */
  reason: string;
  castSha256: string | null;
};

export type Executor = (execution: Execution) => Promise<Executed>;

/**
 * Asked before a step is begun: it may go, waits for a person (`why`, for a person; whoever resumes the run asks
 * again), or is over before it began.
 */
export type Admission =
  | { kind: "go"; run: () => Promise<Executed> }
  | { kind: "waits"; why: string }
  | { kind: "ended"; end: Executed };
export type Gate = (execution: Execution) => Promise<Admission>;

/** Null: there is none in this program. */
export type Executors = {
  terminal: Executor | null;
  sandbox: Executor | null;
  unsandboxed: Gate | null;
  helper: Executor;
};

/** Owns the password from then on, and zeroes it when it is closed. */
export type OpenTerminals = (password: Buffer) => { execute: Executor; close(): Promise<void> };
