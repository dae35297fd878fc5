/**
 * Workflows of 200 steps beside the bare processes: the same program, as many at once. What executes a step here is a
 * plain process, so that what is measured is the engine and what it writes down.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { conduct } from "../../agent/workflow/conduct.ts";
import { ended, type Journal } from "../../agent/workflow/engine.ts";
import type { Execution, Executed } from "../../agent/workflow/execution.ts";
import { makePlan, type Plan } from "../../agent/workflow/plan.ts";
import { readWorkflow } from "../../agent/workflow/read.ts";
import { openStore } from "../../agent/workflow/store.ts";
import { thisPlace } from "../../agent/workflow/surroundings.ts";
import { spread, timed } from "./quantile.ts";
import type { Report } from "./report.ts";

const STEPS = 200;
const PARALLEL = 8;
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 7);
const AT_MOST = 2;

const SHAPES = { wide: () => "", deep: (at: number) => (at === 0 ? "" : `, needs: [s${at - 1}]`) };
type Shape = keyof typeof SHAPES;
/** Privileged ones are on the disk before they begin (fdatasync), others are only written. */
const KINDS = { privileged: ", sudoLock: true", other: "" };

export function source(shape: Shape, more: string, count = STEPS): string {
  const steps = Array.from(
    { length: count },
    (_, at) => `  - { id: s${at}, run: ":"${more}${SHAPES[shape](at)} }`,
  );
  return `name: bench\nsteps:\n${steps.join("\n")}\n`;
}

async function runOne(argv: readonly string[]): Promise<void> {
  const [file = "", ...args] = argv;
  const child = spawn(file, args, { env: {}, stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.resume();
  child.stderr.resume();
  await once(child, "close");
}

async function execute({ step }: Execution): Promise<Executed> {
  if (step.act.kind === "run") await runOne(step.act.argv);
  return ended("succeeded", "");
}

async function bare(parallel: number): Promise<void> {
  let left = STEPS;
  const work = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await runOne(["/bin/sh", "-c", ":"]);
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
}

const nobody: Journal = { begin() {}, output() {}, hold() {}, end() {}, settle() {} };

/** From the text to the end of the run, and what is remembered of it. */
export async function whole(text: string, folder: string): Promise<void> {
  const plan = planIn(text);
  const store = openStore(folder);
  if ("flaw" in store) throw new Error(store.flaw);
  const none = { file: null, client: null, claim: null, secrets: null };
  const run = store.create({ plan, ...none });
  store.claim(run);
  const executors = { terminal: execute, sandbox: execute, unsandboxed: null, helper: execute };
  const signal = new AbortController().signal;
  const secrets = new Map<string, Buffer>();
  const work = { store, run, plan, executors, secrets, parallel: PARALLEL, signal };
  const state = await conduct({ ...work, watch: nobody });
  store.close();
  if (state !== "succeeded") throw new Error(`the run ended: ${state}`);
}

function planIn(text: string): Plan {
  const read = readWorkflow(text);
  if ("problems" in read) throw new Error(JSON.stringify(read.problems[0]));
  return makePlan(read.workflow, new Map(), thisPlace("/"));
}

export async function benchWorkflow(): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), "sallyport-bench-"));
  const times = new Map<string, number[]>();
  const measure = async (name: string, work: () => Promise<void>): Promise<void> => {
    const taken = await timed(work);
    times.set(name, [...(times.get(name) ?? []), taken]);
  };
  try {
    // Side by side, round by round: a busy machine is busy for both.
    for (let round = 0; round < ROUNDS; round += 1)
      for (const shape of Object.keys(SHAPES) as Shape[]) {
        await measure(`${shape}: bare processes`, () => bare(shape === "deep" ? 1 : PARALLEL));
        for (const [kind, more] of Object.entries(KINDS))
          await measure(`${shape}: ${kind} steps`, () => whole(source(shape, more), folder));
      }
  } finally {
    rmSync(folder, { recursive: true });
  }
  const samples = [...times].map(([name, all]) => ({ name, ...spread(all) }));
  const medianOf = (name: string): number =>
    samples.find((sample) => sample.name === name)?.medianMs ?? Number.NaN;
  const figures = (Object.keys(SHAPES) as Shape[]).flatMap((shape) =>
    Object.keys(KINDS).map((kind) => ({
      name: `${STEPS} ${shape}: ${kind} steps / bare processes`,
      value: medianOf(`${shape}: ${kind} steps`) / medianOf(`${shape}: bare processes`),
      atMost: AT_MOST,
    })),
  );
  return { samples, figures };
}
