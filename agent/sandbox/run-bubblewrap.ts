/** One sandbox by bubblewrap, from its start to the last process of it. It leaves nothing behind: see end. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { PassThrough, type Duplex } from "node:stream";
import { BWRAP, bubblewrapWords, commandWords, FD, USERS, type Inside } from "./bubblewrap.ts";
import { confinementIn, gaps, type Confinement } from "./confinement.ts";
import { coveredFrom } from "../inherited-descriptors.ts";
import { keptOutput } from "./kept-output.ts";
import { startRefusal, type SandboxRefusal } from "./refusal.ts";
import { seccompFilter } from "./seccomp-filter.ts";
import { openWorkspace } from "./workspace.ts";
import type { Machine } from "./syscalls.ts";
import { highest, usageOf, type Usage } from "./tree-usage.ts";

export type Stream = "stdout" | "stderr";

export type SandboxEnd =
  /** By itself; 128 and more: by a signal of that number less 128. */
  | { by: "itself"; exitStatus: number }
  /** What it did not keep to. All of its processes were killed. */
  | { by: "limit"; limit: "time" | "memory" | "output" }
  | { by: "cancel" }
  /** Something outside killed bubblewrap; what the program came to is not known. */
  | { by: "unknown" };

export type SandboxRun = {
  kind: "ran";
  end: SandboxEnd;
  stdout: string;
  stderr: string;
  /** Whether a middle of either is left out. */
  truncated: boolean;
  durationMs: number;
  /** Null where it was stopped before the program was started. */
  confinement: Confinement | null;
  /** The highest that was seen, when it began and then every 50 ms; null where the program was not started. */
  peak: Usage | null;
};

export type SandboxJob = Inside & {
  machine: Machine;
  /** What descriptor `program` says. */
  text: string | null;
  stdin: Buffer | null;
  signal: AbortSignal | null;
  output: (stream: Stream, chunk: Buffer) => void;
  /** Of bubblewrap: the sandbox ends with it. */
  started: (pid: number) => void;
  /** No other program follows: nothing is made ready for it. */
  isLast: boolean;
};

const LOOK_MS = 50;
/** From which on output is no longer read and dropped, but a reason to stop: as many times what is kept. */
export const FLOOD = 64;

/** Runs `job` to its end. Never rejects for what the program does. */
export async function runBubblewrap(job: SandboxJob): Promise<SandboxRun | SandboxRefusal> {
  const { profile, signal } = job;
  const began = performance.now();
  const workspace = job.workspace === null ? null : openWorkspace(job.workspace);
  if (workspace !== null && typeof workspace !== "number") return workspace;
  const child = spawn(BWRAP, commandWords(job), {
    cwd: "/",
    env: {},
    stdio: [
      job.stdin === null ? "ignore" : "pipe",
      ...PIPES,
      workspace ?? "ignore",
      ...coveredFrom(FD.workspace + 1),
    ],
  });
  if (workspace !== null) closeSync(workspace);
  if (child.pid !== undefined) job.started(child.pid);
  // Noted from the start: it may not even begin.
  const failed = once(child, "error").then(([error]) => (error as NodeJS.ErrnoException).code);
  const closed = once(child, "close").then(() => null);

  let end: SandboxEnd | null = null;
  /** Its process 1 dies with bubblewrap, and with that the kernel kills all others, whatever they ignore. */
  const stop = (why: SandboxEnd): void => {
    end ??= why;
    child.kill("SIGKILL");
  };
  const cancel = (): void => stop({ by: "cancel" });
  if (signal?.aborted === true) cancel();
  signal?.addEventListener("abort", cancel);
  const timer = globalThis.setTimeout(
    () => stop({ by: "limit", limit: "time" }),
    profile.seconds * 1000,
  );

  const ready = channel(child, FD.ready);
  let isReady = false;
  let confinement: Confinement | null = null;
  let missing: readonly string[] = [];
  let peak: Usage | null = null;
  /** Once both are there, in whatever order: the launcher waits, and bubblewrap has said which process it is. */
  const look = (said: string): void => {
    const first = numberAfter(said, "child-pid");
    if (!isReady || first === null || confinement !== null) return;
    const found = confinementIn(first);
    missing = found === null ? ["nothing can be seen of it"] : gaps(found, job, process.getuid?.());
    if (missing.length > 0) return cancel();
    confinement = found;
    ready.end("go\n");
    peak = usageOf(first);
  };
  const status = heard(channel(child, FD.status), look);
  ready.once("data", () => {
    isReady = true;
    look(status());
  });

  const most = profile.outputKiB * 1024;
  const kept = { stdout: keptOutput(most), stderr: keptOutput(most) };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream]?.on("data", (chunk: Buffer) => {
      kept[stream].add(chunk);
      if (confinement !== null) job.output(stream, chunk);
      if (kept[stream].total() > FLOOD * most) stop({ by: "limit", limit: "output" });
    });
  }
  const watch = setInterval(() => {
    const first = numberAfter(status(), "child-pid");
    if (first === null || confinement === null) return;
    const usage = usageOf(first);
    peak = highest(peak, usage);
    if (usage.memoryBytes > profile.memoryMiB * MIB) stop({ by: "limit", limit: "memory" });
  }, LOOK_MS);

  handOver(child, job);
  const error = await Promise.race([failed, closed]);
  await allGone(numberAfter(status(), "child-pid"));
  clearTimeout(timer);
  clearInterval(watch);
  signal?.removeEventListener("abort", cancel);
  if (error === "ENOENT") return { kind: "no_backend" };
  if (error !== null) return { kind: "not_started", said: error ?? "" };
  if (missing.length > 0) return { kind: "not_confined", gaps: missing };
  if (confinement === null && end === null) return startRefusal(kept.stderr.text().trim());
  return {
    kind: "ran",
    end: end ?? ownEnd(numberAfter(status(), "exit-code")),
    stdout: kept.stdout.text(),
    stderr: kept.stderr.text(),
    truncated: kept.stdout.truncated() || kept.stderr.truncated(),
    durationMs: Math.round(performance.now() - began),
    confinement,
    peak,
  };
}

const MIB = 1_048_576;
/** Descriptors 1 to 8. */
const PIPES = Array<"pipe">(8).fill("pipe");

/**
 * Process 1 dies with bubblewrap, but not at once; it is a zombie or gone when all others are gone. Until then
 * one of them might still write to a workspace. More than ten seconds is not given to the kernel.
 */
async function allGone(first: number | null): Promise<void> {
  if (first === null) return;
  for (let ms = 1; ms < 5000 && isAlive(first); ms *= 2) await setTimeout(ms);
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "latin1"));
  } catch {
    return false;
  }
}

function ownEnd(exitStatus: number | null): SandboxEnd {
  return exitStatus === null ? { by: "unknown" } : { by: "itself", exitStatus };
}

/** Everything that bubblewrap reads before it starts anything. */
function handOver(child: ChildProcess, job: SandboxJob): void {
  const words = bubblewrapWords(job);
  const given: [number, string | Buffer][] = [
    [FD.words, words.map((word) => `${word}\0`).join("")],
    [FD.filter, filterFor(job.machine)],
    [FD.users, USERS],
    [FD.program, job.text ?? ""],
  ];
  if (job.stdin !== null) given.push([0, job.stdin]);
  for (const [fd, bytes] of given) channel(child, fd).end(bytes);
}

const filters = new Map<Machine, Buffer>();

function filterFor(machine: Machine): Buffer {
  const filter = filters.get(machine) ?? seccompFilter(machine);
  filters.set(machine, filter);
  return filter;
}

/** One of the descriptors that bubblewrap was given. Who is at its other end may be gone at any time. */
function channel(child: ChildProcess, fd: number): Duplex {
  const stream = child.stdio[fd] as Duplex | null | undefined;
  // After a failed start there are none; nobody looks at what is written then.
  return stream?.on("error", () => {}) ?? new PassThrough();
}

/** All that `stream` has said until now; `changed` is told it each time. Only bubblewrap itself speaks there. */
function heard(stream: Duplex, changed: (said: string) => void): () => string {
  let text = "";
  stream.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    changed(text);
  });
  return () => text;
}

function numberAfter(json: string, name: string): number | null {
  const value = new RegExp(`"${name}": (\\d+)`).exec(json)?.[1];
  return value === undefined ? null : Number(value);
}
