/**
 * Runs in a host, as one of its users, bundled into one file: containers in one process, prepared ahead, beside a
 * cold `docker run` of the same image with the same limits.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { chooseBackends } from "../../agent/sandbox/choice.ts";
import { executor } from "../../agent/sandbox/executor.ts";
import { readSandboxSettings } from "../../agent/sandbox/settings.ts";
import { timed } from "./quantile.ts";
import { steps } from "./step.ts";

const ROUNDS = 20;
const IN_A_ROW = 200;
/** Longer than it takes to prepare one: what is measured is a program for which a container waits. */
const PAUSE_MS = 1500;

const settings = readSandboxSettings();
if ("flaw" in settings) throw new Error(settings.flaw);
const { image = "", sockets } = settings;
const sandboxes = executor({ backends: chooseBackends({ ...settings, backend: "docker" }) });
const step = steps(sandboxes);

/** What this is compared to, with the flags of the same profile. */
async function cold(...argv: string[]): Promise<void> {
  const limits = [
    "--memory",
    "256m",
    "--memory-swap",
    "256m",
    "--cpus",
    "0.5",
    "--pids-limit",
    "33",
  ];
  const rights = [
    "--user",
    "1001:1001",
    "--cap-drop",
    "ALL",
    "--security-opt",
    "no-new-privileges",
  ];
  const files = ["--read-only", "--tmpfs", "/tmp:rw,noexec,size=64m", "--network", "none"];
  const words = ["-H", `unix://${sockets.docker}`, "run", "--rm", ...limits, ...rights, ...files];
  const child = spawn("/opt/docker/docker", [...words, image, ...argv], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { HOME: "/nonexistent" },
    cwd: "/",
  });
  child.stdout.resume();
  const [status] = (await once(child, "close")) as [number | null];
  if (status !== 0) throw new Error(`docker run: status ${status}`);
}

const WORK: Record<string, () => Promise<void>> = {
  "docker run bash": () => cold("/usr/bin/bash", "-c", "true"),
  "warm container, bash": () => step("bash", "true"),
  "docker run node": () => cold("/usr/bin/node", "-e", "0"),
  "warm container, node": () => step("node", "0"),
};

async function main(): Promise<void> {
  const times: Record<string, number[]> = {};
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [name, work] of Object.entries(WORK)) {
      await setTimeout(PAUSE_MS);
      const ms = await timed(work);
      // The first of each warms what is read from disk, and has no container waiting.
      if (round > 0) (times[name] ??= []).push(ms);
    }
  }
  for (let at = 0; at < IN_A_ROW; at += 1) {
    (times["container in a row, bash"] ??= []).push(await timed(() => step("bash", "true")));
  }
  await sandboxes.close();
  process.stdout.write(`${JSON.stringify(times)}\n`);
}

void main();
