/**
 * Runs in a host, as one of its users, bundled into one file: whole runs of sudo-locked steps beside the bare
 * processes, as many at once. Arguments: how many steps, at once, rounds. Standard input: the password. Standard
 * output: for each what it took in each round, in milliseconds.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { conduct } from "../../agent/workflow/conduct.ts";
import type { Journal } from "../../agent/workflow/engine.ts";
import { makePlan } from "../../agent/workflow/plan.ts";
import { readWorkflow } from "../../agent/workflow/read.ts";
import { openStore } from "../../agent/workflow/store.ts";
import { thisPlace } from "../../agent/workflow/surroundings.ts";
import { terminalSteps } from "../../agent/workflow/terminal-steps.ts";
import { timed } from "./quantile.ts";

const [steps = 200, parallel = 8, rounds = 3] = process.argv.slice(2).map(Number);
const password = readFileSync(0);
const folder = mkdtempSync(join(homedir(), "bench-"));
const file = join(folder, "password");
writeFileSync(file, password, { mode: 0o600 });

const nobody: Journal = { begin() {}, output() {}, hold() {}, end() {}, settle() {} };

async function run(deep: boolean): Promise<void> {
  const lines = Array.from(
    { length: steps },
    (_, at) =>
      `  - { id: s${at}, sudoLock: true, run: "sudo -n true"${deep && at > 0 ? `, needs: [s${at - 1}]` : ""} }\n`,
  );
  const read = readWorkflow(`name: bench\nsteps:\n${lines.join("")}`);
  if ("problems" in read) throw new Error(JSON.stringify(read.problems[0]));
  const plan = makePlan(read.workflow, new Map(), thisPlace("/"));
  const store = openStore(join(folder, "store"));
  if ("flaw" in store) throw new Error(store.flaw);
  const id = store.create({ plan, file: null, client: null, claim: null, secrets: null });
  store.claim(id);
  const terminals = terminalSteps(Buffer.from(password));
  const helper = (): never => {
    throw new Error("a plan without requests has made one");
  };
  const state = await conduct({
    store,
    run: id,
    plan,
    executors: { terminal: terminals.execute, sandbox: null, unsandboxed: null, helper },
    secrets: new Map(),
    parallel,
    signal: new AbortController().signal,
    watch: nobody,
  });
  await terminals.close();
  const ended = store.steps(id);
  store.close();
  if (state !== "succeeded") throw new Error(`the run ended: ${JSON.stringify(ended[0])}`);
}

async function bare(argv: readonly string[], atOnce: number): Promise<void> {
  let left = steps;
  const work = async (): Promise<void> => {
    for (left -= 1; left >= 0; left -= 1) {
      const child = spawn(argv[0] ?? "", argv.slice(1), {
        stdio: ["ignore", "pipe", "pipe"],
        env: { PATH: "/usr/bin:/bin" },
      });
      child.stdout.resume();
      child.stderr.resume();
      const [status] = (await once(child, "close")) as [number | null];
      if (status !== 0) throw new Error(`${argv.join(" ")}: status ${status}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

/** Each with a terminal of its own, as a step has it: sudo is given the password there, by a file. */
const inTerminal = (text: string): string[] => ["/usr/bin/script", "-qec", text, "/dev/null"];
const BARE: Record<string, string[]> = {
  "sh -c :": ["/bin/sh", "-c", ":"],
  "script: sudo true": inTerminal(`sudo -S -p "" true <${file}`),
  "script: sudo -v, sudo true, sudo -k": inTerminal(
    `sudo -S -p "" -v <${file} && sudo -n true; sudo -k`,
  ),
};

/** Of this process and of those that it has waited for, in milliseconds: clock ticks are 10 of them. */
function processorMs(): number {
  const stat = readFileSync("/proc/self/stat", "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields.slice(11, 15).reduce((sum, ticks) => sum + 10 * Number(ticks), 0);
}

export type Taken = { ms: number; cpuMs: number };

async function main(): Promise<void> {
  const taken: Record<string, Taken[]> = {};
  const measure = async (name: string, work: () => Promise<void>): Promise<void> => {
    const before = processorMs();
    const ms = await timed(work);
    (taken[name] ??= []).push({ ms, cpuMs: processorMs() - before });
  };
  try {
    // Side by side, round by round: a busy machine is busy for all.
    for (let round = 0; round < rounds; round += 1)
      for (const [shape, atOnce] of Object.entries({ wide: parallel, deep: 1 })) {
        for (const [name, argv] of Object.entries(BARE))
          await measure(`${shape}: ${name}`, () => bare(argv, atOnce));
        await measure(`${shape}: sudo-locked steps`, () => run(shape === "deep"));
      }
  } finally {
    rmSync(folder, { recursive: true });
  }
  process.stdout.write(`${JSON.stringify(taken)}\n`);
}

void main();
