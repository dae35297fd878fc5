/** One container, from its creation to its last process: made, looked at, and waiting for its only program. */
import { closeSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { ContainerFault, demultiplexer, type ContainerApi } from "./container-api.ts";
import { folderFor, letGo, pipeIn, prepare, put } from "./container-given.ts";
import { GIVEN, isSameFolder, reportIn, startFiles } from "./container-launcher.ts";
import { makeGiven, ownLabels } from "./container-owner.ts";
import { disagreements } from "./container-word.ts";
import { containerSpec, userFor } from "./container-spec.ts";
import { dockerSeccomp } from "./docker-seccomp.ts";
import { gaps, groupGaps, readConfinement, type Confinement } from "./confinement.ts";
import type { Inexact, Profile } from "./profile.ts";
import type { SandboxRefusal } from "./refusal.ts";
import type { Stream } from "./run-bubblewrap.ts";
import { containerUsage } from "./container-usage.ts";
import type { Usage } from "./tree-usage.ts";
import { waitingProgram, type WaitingProgram } from "./waiting-program.ts";
import { openWorkspace, type Workspace } from "./workspace.ts";

export type Container = {
  id: string;
  confinement: Confinement;
  degraded: readonly Inexact[];
  /** While it waits; null where its daemon does not count. */
  usage: Usage | null;
  /** Whether what was started in it ahead waits for its text, still. */
  isReady(): boolean;
  /** Lets the launcher go on. What the program says from now on is told. */
  go(program: {
    argv: readonly string[];
    env: Readonly<Record<string, string>>;
    stdin: string | Buffer;
    /** Where it is a text. */
    program: { file: string; text: string } | null;
    seconds: number;
    told: (stream: Stream, chunk: Buffer) => void;
    outOfMemory: () => void;
  }): void;
  /** Whether this process goes on for it. One that waits for a program holds nobody up. */
  hold(isHeld: boolean): void;
  /** Ends all of its processes, whatever they ignore. */
  kill(): Promise<void>;
  /** When the last process is gone and all that it said is told. Null: it is not known how. */
  ended: Promise<number | null>;
  /** When nothing of it is left. */
  gone: Promise<void>;
};

export type ContainerKind = {
  backend: "docker" | "podman";
  image: string;
  profile: Profile;
  workspace: Workspace | null;
  /**
   * Interpreter that is started before there is a program, which it is then given; it has no variables, and no
   * workspace. Null: nothing is.
   */
  ahead: Interpreter | null;
};

/** `file`: what it runs, inside. */
export type Interpreter = { path: string; file: string };

/** How long a container may take to come as far as its launcher. */
const READY_MS = 30_000;
const REMOVAL_MS = 3000;
const LAST_WORDS_MS = 1000;

export async function makeContainer(
  api: ContainerApi,
  kind: ContainerKind,
): Promise<Container | SandboxRefusal> {
  const opened = kind.workspace === null ? null : openWorkspace(kind.workspace);
  if (opened !== null && typeof opened !== "number") return opened;
  const { folder, given } = makeGiven();
  const clear = (): void => rmSync(folder, { recursive: true, force: true });
  let container: Started | null = null;
  try {
    const seccomp = filterFor(kind.backend, folder);
    const wish = { ...kind, given, seccomp, labels: ownLabels() };
    const spec = containerSpec(wish);
    await prepare(kind, given);
    const { Id } = (await api.ask("POST", "/containers/create", spec)) as { Id: string };
    container = await startContainer(api, Id);
    void container.gone.then(clear);
    void removedIn(container);
    const inspected = api.ask("GET", `/containers/${Id}/json`).catch(() => null);
    const report = await container.report;
    const others = disagreements(wish, spec.HostConfig, await inspected);
    const judged = judge(report, kind, given, opened, others);
    if ("kind" in judged) {
      await container.kill();
      return judged;
    }
    const waiting = await waitingIn(container, kind, given);
    const usage = await containerUsage(api, Id);
    return {
      ...container,
      ...judged,
      usage,
      isReady: () => waiting?.isRead() ?? true,
      go: waiting === null ? starter(container, kind, given) : giver(container, waiting, given),
    };
  } catch (error) {
    await container?.kill();
    clear();
    throw error;
  } finally {
    if (opened !== null) closeSync(opened);
  }
}

async function waitingIn(
  { ended, gone }: Started,
  { ahead }: ContainerKind,
  given: string,
): Promise<WaitingProgram | null> {
  if (ahead === null) return null;
  let isOver = false;
  void ended.then(() => (isOver = true));
  const waiting = await waitingProgram(pipeIn(given, ahead), () => isOver, READY_MS);
  void gone.then(() => waiting.close());
  return waiting;
}

/** Its daemon removes it by itself when it has ended, or else is told to. */
async function removedIn({ ended, gone, kill }: Started): Promise<void> {
  await ended;
  const isGone = gone.then(() => true);
  const late = setTimeout(REMOVAL_MS, false, { ref: false });
  if (!(await Promise.race([isGone, late]))) await kill();
}

let filter: string | undefined;

/** Docker takes its text, podman the name of a file. */
function filterFor(backend: "docker" | "podman", folder: string): string {
  filter ??= JSON.stringify(dockerSeccomp());
  if (backend === "docker") return filter;
  const file = join(folder, "seccomp.json");
  writeFileSync(file, filter);
  return file;
}

type Judged = { confinement: Confinement; degraded: readonly Inexact[] };

/** Whether all that was asked for holds. The program is not started before that. */
function judge(
  report: string,
  { backend, profile, workspace }: ContainerKind,
  given: string,
  opened: number | null,
  others: readonly string[],
): Judged | SandboxRefusal {
  const confinement = readConfinement(report);
  const missing = gaps(confinement, { profile, workspace }, userFor(workspace).uid);
  if (!isSameFolder(report, GIVEN, given)) missing.push("the program's folder");
  if (opened !== null && !isSameFolder(report, "/workspace", opened)) missing.push("the workspace");
  missing.push(...others.map((key) => `${key}, by ${backend}'s own word`));
  if (missing.length > 0) return { kind: "not_confined", gaps: missing };
  const degraded = groupGaps(confinement, profile);
  const limits = degraded.filter((limit) => !profile.bestEffort.includes(limit));
  return limits.length > 0 ? { kind: "inexact", backend, limits } : { confinement, degraded };
}

type Started = Pick<Container, "id" | "hold" | "kill" | "ended" | "gone"> & {
  report: Promise<string>;
  stdin: Socket;
  hear: (listener: Parameters<typeof demultiplexer>[0], outOfMemory: () => void) => void;
};

async function startContainer(api: ContainerApi, id: string): Promise<Started> {
  let listener: ((stream: Stream, chunk: Buffer) => void) | null = null;
  let outOfMemory: (() => void) | null = null;
  let said = "";
  const report = Promise.withResolvers<string>();
  const died = Promise.withResolvers<number | null>();
  const closed = Promise.withResolvers<null>();
  const gone = Promise.withResolvers<void>();
  report.promise.catch(() => {});

  let stdin: Socket | null = null;
  const kill = async (): Promise<void> => {
    try {
      await api.ask("DELETE", `/containers/${id}?force=1`);
    } catch (error) {
      // It ends by itself at this moment, and docker is removing it.
      if (statusOf(error) === 409) await Promise.race([gone.promise, setTimeout(REMOVAL_MS)]);
    }
    events.stop();
    died.resolve(null);
    gone.resolve();
    // Nobody is left there to close it, unless its daemon is stuck.
    void setTimeout(LAST_WORDS_MS, undefined, { ref: false }).then(() => stdin?.destroy());
  };
  const events = await api.events(
    id,
    ({ action, exitStatus }) => {
      if (action === "oom") outOfMemory?.();
      if (action === "die") died.resolve(exitStatus);
      if (action !== "destroy") return;
      events.stop();
      gone.resolve();
    },
    () => {
      died.resolve(null);
      gone.resolve();
    },
  );
  try {
    stdin = await api.attach(id);
    stdin.on("error", () => {}).on("close", () => closed.resolve(null));
    const take = demultiplexer((stream, chunk) => {
      if (listener !== null) return listener(stream, chunk);
      said += chunk.toString("latin1");
      const complete = reportIn(said);
      if (complete !== null) report.resolve(complete);
    });
    stdin.on("data", take);
    await api.ask("POST", `/containers/${id}/start`);
  } catch (error) {
    await kill();
    throw error;
  }
  const late = globalThis.setTimeout(
    () => report.reject(new Error("the launcher said nothing")),
    READY_MS,
  );
  const ended = Promise.all([died.promise, closed.promise]).then(([status]) => status);
  void ended.then(() => report.reject(new Error(`the launcher did not start: ${said.trim()}`)));
  void report.promise.catch(() => {}).finally(() => clearTimeout(late));
  return {
    id,
    hold: (isHeld) => {
      events.hold(isHeld);
      if (isHeld) stdin.ref();
      else stdin.unref();
    },
    kill,
    ended,
    gone: gone.promise,
    report: report.promise,
    stdin,
    hear: (told, memory) => {
      listener = told;
      outOfMemory = memory;
    },
  };
}

function starter(container: Started, { workspace }: ContainerKind, given: string): Container["go"] {
  return ({ argv, env, stdin, program, seconds, told, outOfMemory }) => {
    const start = startFiles({ argv, env, folder: folderFor(workspace) });
    const text = program === null ? {} : { [basename(program.file)]: program.text };
    put(given, { stdin, ...text, ...start });
    container.hear(told, outOfMemory);
    letGo(container.stdin, given, seconds);
  };
}

/** The same where the program's interpreter is there already. It has its input open: the file stays the same one. */
function giver(container: Started, waiting: WaitingProgram, given: string): Container["go"] {
  return ({ stdin, program, seconds, told, outOfMemory }) => {
    put(given, { stdin });
    container.hear(told, outOfMemory);
    letGo(container.stdin, given, seconds);
    void waiting.give(program?.text ?? "").then(async (isGiven) => {
      if (!isGiven) await container.kill();
    });
  };
}

function statusOf(error: unknown): number {
  return error instanceof ContainerFault ? error.status : 0;
}
