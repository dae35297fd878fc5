/** Sandboxes by docker or podman: a container for each run, prepared ahead where one of its kind was used before. */
import { setTimeout } from "node:timers/promises";
import type { Backend, BackendRun } from "./backend.ts";
import { containerApi, ContainerFault, type ContainerApi } from "./container-api.ts";
import { sweepOrphans } from "./container-owner.ts";
import { containerPool } from "./container-pool.ts";
import { containerUsage } from "./container-usage.ts";
import type { Container, Interpreter } from "./container.ts";
import { keptOutput } from "./kept-output.ts";
import type { Language } from "./profile.ts";
import { containerRefusal, type SandboxRefusal } from "./refusal.ts";
import { FLOOD, type SandboxEnd, type SandboxJob } from "./run-bubblewrap.ts";
import { socketFlaw } from "./container-socket.ts";
import { highest, type Usage } from "./tree-usage.ts";

export type ContainerSettings = {
  /** Of this host. */
  socket: string;
  /** `sha256:` and 64 hexadecimal digits; what scripts/sandbox-image.ts prints. */
  image: string;
  /** How many containers wait for programs, of each kind that was asked for. */
  warm: number;
};

/** In the image. */
const INTERPRETERS: Record<Language, string> = {
  bash: "/usr/bin/bash",
  python: "/usr/bin/python3",
  node: "/usr/bin/node",
};

const FIRST_LOOK_MS = 20;
const LOOK_MS = 100;

export function containerBackend(name: "docker" | "podman", settings: ContainerSettings): Backend {
  const { socket, image, warm } = settings;
  const at = { backend: name, socket };
  const api = containerApi(socket);
  const pool = containerPool(api, { backend: name, image }, warm);
  /** What dead processes left is removed once, before the first run. */
  let swept: Promise<unknown> | undefined;

  return {
    name,
    interpreterOf: (language) => INTERPRETERS[language],
    async run(job) {
      // env(1), which starts it there, would take it for a variable.
      if (job.argv[0]?.includes("=") === true) return { kind: "no_command" };
      const flaw = socketFlaw(at);
      if (flaw !== null) return flaw;
      try {
        await (swept ??= sweepOrphans(api));
        const container = await pool.take(
          {
            profile: job.profile,
            workspace: job.workspace,
            ahead: aheadFor(job),
          },
          job.isLast,
        );
        return "kind" in container ? container : await runIn(api, container, job);
      } catch (error) {
        swept = undefined;
        if (!(error instanceof Error)) throw error;
        const fault =
          error instanceof ContainerFault ? error : new ContainerFault(error.message, 0);
        return containerRefusal(at, image, fault);
      }
    },
    async close() {
      await pool.close();
      api.close();
    },
  };
}

async function runIn(
  api: ContainerApi,
  container: Container,
  job: SandboxJob,
): Promise<BackendRun | SandboxRefusal> {
  const { profile, signal } = job;
  const began = performance.now();
  let end: SandboxEnd | null = null;
  const stop = (why: SandboxEnd): void => {
    if (end !== null) return;
    end = why;
    void container.kill();
  };
  const cancel = (): void => stop({ by: "cancel" });
  const most = profile.outputKiB * 1024;
  const kept = { stdout: keptOutput(most), stderr: keptOutput(most) };
  const timer = globalThis.setTimeout(
    () => stop({ by: "limit", limit: "time" }),
    profile.seconds * 1000,
  );
  let isRunning = true;
  try {
    signal?.addEventListener("abort", cancel);
    if (signal?.aborted === true) cancel();
    else
      container.go({
        argv: job.argv,
        env: job.env,
        seconds: profile.seconds,
        stdin: job.stdin ?? "",
        program: programOf(job),
        told: (stream, chunk) => {
          kept[stream].add(chunk);
          job.output(stream, chunk);
          if (kept[stream].total() > FLOOD * most) stop({ by: "limit", limit: "output" });
        },
        outOfMemory: () => stop({ by: "limit", limit: "memory" }),
      });
    const peak = watch(api, container, () => isRunning);
    const status = await container.ended;
    isRunning = false;
    return {
      kind: "ran",
      end: end ?? (status === null ? { by: "unknown" } : { by: "itself", exitStatus: status }),
      stdout: kept.stdout.text(),
      stderr: kept.stderr.text(),
      truncated: kept.stdout.truncated() || kept.stderr.truncated(),
      durationMs: Math.round(performance.now() - began),
      confinement: container.confinement,
      degraded: container.degraded,
      peak: peak(),
    };
  } finally {
    isRunning = false;
    clearTimeout(timer);
    signal?.removeEventListener("abort", cancel);
  }
}

function programOf({ text, programFile }: SandboxJob): { file: string; text: string } | null {
  return text === null || programFile === null ? null : { file: programFile, text };
}

/** Bash reads a pipe byte by byte; it starts fast enough. */
const SLOW_TO_START = [INTERPRETERS.node, INTERPRETERS.python];

/** What may be started for such a program before it is there: where it has variables of its own, they come too late. */
function aheadFor(job: SandboxJob): Interpreter | null {
  const program = programOf(job);
  const [path = "", ...others] = job.argv;
  const isPlain = Object.keys(job.env).length === 0 && others.join("\0") === program?.file;
  if (program === null || !isPlain || !SLOW_TO_START.includes(path)) return null;
  return { path, file: program.file };
}

/** Looks at what the container uses, again and again. */
function watch(
  api: ContainerApi,
  { id, usage: first }: Container,
  isRunning: () => boolean,
): () => Usage | null {
  let peak = first;
  const look = async (): Promise<void> => {
    for (let ms = FIRST_LOOK_MS; ; ms = LOOK_MS) {
      await setTimeout(ms, undefined, { ref: false });
      if (!isRunning()) return;
      const usage = await containerUsage(api, id);
      if (usage === null) return;
      peak = highest(peak, usage);
    }
  };
  void look();
  return () => peak;
}
