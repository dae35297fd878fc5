/** What the tools about workflows have in common: how a workflow is sent, and how a refusal of one reads. */
import { z } from "zod";
import { asker } from "../asker.ts";
import type { Started, Sent } from "../workflow/desk.ts";
import { foundIn } from "./code-words.ts";
import type { Obstacle } from "../workflow/preflight.ts";
import type { Problem } from "../workflow/problem.ts";
import type { Call } from "./call.ts";
import { refusal, type Outcome } from "./outcome.ts";
import { untrustedLine } from "./untrusted.ts";

/** The text of a workflow has 256 KiB at most; what is longer is refused by its reader, with reasons. */
const TEXT_MAX = 512 * 1024;

export const workflowText = z
  .string()
  .min(1)
  .max(TEXT_MAX)
  .describe(
    "YAML: name, inputs, steps: [{id, run | service | package | code, needs, when, join, timeout, env, stdin, cwd, sudoLock, locked, retries, idempotent}]; ${inputs.x} and ${steps.a.stdout} only in env and stdin",
  );
export const workflowInputs = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
  .optional()
  .describe("values of the workflow's inputs; a secret is never given here");
export const runId = z.string().min(1).max(64).describe("as workflow_start gave it");

export function sentIn(args: {
  workflow: string;
  inputs?: Record<string, string | number | boolean> | undefined;
}): Sent {
  const given = Object.entries(args.inputs ?? {}).map(
    ([name, value]) => [name, String(value)] as const,
  );
  return { text: args.workflow, inputs: new Map(given) };
}

/** Whose runs these are. */
export function clientOf(): string {
  return asker.getStore()?.caller ?? "unnamed";
}

/** Throws where the tool should not have been there. */
export function deskOf({ context }: Call) {
  const { workflows } = context;
  if (workflows === null) throw new Error("workflows are not served here");
  return workflows;
}

const PROBLEMS_MAX = 20;

export const problemData = z.strictObject({
  line: z.int(),
  column: z.int(),
  problem: z.string(),
  hint: z.string().nullable(),
});

export function problemsShown(problems: readonly Problem[]): z.infer<typeof problemData>[] {
  return problems.slice(0, PROBLEMS_MAX).map(({ line, column, cause, hint }) => ({
    line,
    column,
    problem: untrustedLine(cause),
    hint: hint === null ? null : untrustedLine(hint),
  }));
}

export function problemLines(problems: readonly Problem[]): string {
  return problemsShown(problems)
    .map(({ line, column, problem }) => `${line}:${column}: ${problem}`)
    .join("; ");
}

export function obstacleCode({ kind }: Obstacle) {
  if (kind === "roots_own") return "not_allowed";
  return kind === "no_terminals" ? "needs_person" : kind;
}

export function obstacleWish(obstacle: Obstacle): string {
  const steps = obstacle.steps.map(({ id }) => id).join(", ");
  if (obstacle.kind !== "code_refused") return steps;
  return `${steps}: ${foundIn(obstacle.examined.findings)}`;
}

/** Why it was not started, or is no plan. */
export function notStarted(why: Exclude<Started, { kind: "started" }>): Outcome<never> {
  switch (why.kind) {
    case "invalid":
      return refusal("workflow_invalid", problemLines(why.problems));
    case "inputs":
      return refusal(
        "inputs_invalid",
        why.flaws.map(({ name, cause }) => `${name}: ${cause}`).join("; "),
      );
    case "obstacle":
      return refusal(obstacleCode(why.obstacle), untrustedLine(obstacleWish(why.obstacle)));
    case "too_many":
      return refusal("too_many_runs", "");
    case "no_store":
      return refusal("not_recorded", "");
    default:
      return why satisfies never;
  }
}

/** Reasons are for a person, who may be told where things are; an agent is not. */
export function withoutPaths(text: string): string {
  return untrustedLine(text.replace(/(?<![\w.])\/[^\s:,;)'"]+/g, "…"));
}
