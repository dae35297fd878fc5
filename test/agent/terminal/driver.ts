/**
 * Runs steps as a user of a lab host. Standard input: the password in one line, then a plan as JSON, to its end.
 * Standard output: a line of JSON for each event, the last one for the results.
 */
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { runInTerminal, type TerminalResult } from "../../../agent/terminal/step.ts";
import { refusalText } from "../../../agent/terminal/sudo-refusal.ts";
import { openSudoTurn, type SudoTurn } from "../../../agent/terminal/sudo-turn.ts";

export type DriverStep = {
  argv: string[];
  env?: Record<string, string>;
  stdin?: string;
  /** Whether it has the run's ticket; it has unless this is false. */
  locked?: boolean;
  timeoutMs?: number;
  abortAfterMs?: number;
  /** Until this file is there the step is not begun. */
  after?: string;
  secrets?: string[];
  castFile?: string;
};
/** `hold`: after the steps the driver stays until it is killed. */
export type DriverPlan = { steps: DriverStep[]; hold?: boolean };
export type DriverResult = TerminalResult & { cause: string | null; wholeMs: number };

async function driven(step: DriverStep, turn: SudoTurn): Promise<DriverResult> {
  while (step.after !== undefined && !existsSync(step.after)) await sleep(20);
  const begun = performance.now();
  const result = await runInTerminal({
    argv: step.argv,
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: process.env["HOME"] ?? "/", ...step.env },
    cwd: "/tmp",
    stdin: step.stdin === undefined ? null : Buffer.from(step.stdin),
    sudo: step.locked === false ? null : turn,
    timeoutMs: step.timeoutMs ?? 60_000,
    signal:
      step.abortAfterMs === undefined
        ? new AbortController().signal
        : AbortSignal.timeout(step.abortAfterMs),
    secrets: (step.secrets ?? []).map((secret) => Buffer.from(secret)),
    castFile: step.castFile ?? null,
    output: () => {},
  });
  const { end } = result;
  const cause = end.kind === "refused" ? refusalText(end.why).cause : null;
  return { ...result, cause, wholeMs: performance.now() - begun };
}

async function main(): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  const input = Buffer.concat(chunks);
  const feed = input.indexOf(10);
  const turn = openSudoTurn(Buffer.from(input.subarray(0, feed)));
  const plan = JSON.parse(input.toString("utf8", feed + 1)) as DriverPlan;
  input.fill(0);
  for (const chunk of chunks) chunk.fill(0);
  const results = await Promise.all(plan.steps.map((step) => driven(step, turn)));
  await turn.close();
  process.stdout.write(`${JSON.stringify(results)}\n`);
  if (plan.hold === true) await sleep(600_000);
}

void main();
