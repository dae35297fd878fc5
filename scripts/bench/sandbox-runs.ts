/** Runs in a host, as one of its users, bundled into one file: sandboxed steps in one process, beside bare programs. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { executor } from "../../agent/sandbox/executor.ts";
import { timed } from "./quantile.ts";
import { steps } from "./step.ts";

const ROUNDS = 100;
const NODE = "/usr/local/bin/node";
const step = steps(executor());

/** Anthropic's sandbox-runtime, as its users start it; see srt.ts. */
const SRT = "/opt/srt/node_modules/@anthropic-ai/sandbox-runtime/dist/cli.js";
const SRT_ENV = { HOME: "/home/agent", PATH: "/usr/bin:/bin" };

async function srt(text: string): Promise<void> {
  const words = [SRT, "--settings", "/opt/srt/settings.json", "bash", "-c", text];
  await bare(NODE, words, SRT_ENV);
}

/** With pipes, as a step has them. */
async function bare(program: string, args: readonly string[], env = {}): Promise<void> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env, cwd: "/" });
  child.stdout.resume();
  child.stderr.resume();
  const [status] = (await once(child, "close")) as [number | null];
  if (status !== 0) throw new Error(`${program}: status ${status}`);
}

/** A file, as a step's text is one. */
const EMPTY = "/tmp/empty.js";
writeFileSync(EMPTY, "0");

const bubblewrap = ["--ro-bind", "/", "/", "--unshare-all", "--proc", "/proc", "--dev", "/dev"];
const WORK: Record<string, () => Promise<void>> = {
  "bwrap true": () => bare("/usr/bin/bwrap", [...bubblewrap, "/usr/bin/true"]),
  "bash step": () => step("bash", "true"),
  ...(existsSync(SRT) ? { "bash by srt": () => srt("true") } : {}),
  "python step": () => step("python", "0"),
  "bare node": () => bare(NODE, [EMPTY]),
  "node step": () => step("node", "0"),
};

async function main(): Promise<void> {
  const times: Record<string, number[]> = {};
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, work] of Object.entries(WORK)) {
      const ms = await timed(work);
      // The first of each warms what is read from disk.
      if (round > 0) (times[name] ??= []).push(ms);
    }
  }
  process.stdout.write(`${JSON.stringify(times)}\n`);
}

void main();
