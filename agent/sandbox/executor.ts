/** Where untrusted code runs: so many sandboxes at once, each for one run, the others in a queue. */
import { arch } from "node:process";
import { isVariable } from "./bubblewrap.ts";
import { interpreterOf, PROGRAM_FILE } from "./interpreter.ts";
import type { Inexact, Language, Profile } from "./profile.ts";
import { orLockdown } from "../lockdown.ts";
import type { SandboxRefusal } from "./refusal.ts";
import { runBubblewrap, type SandboxRun, type Stream } from "./run-bubblewrap.ts";
import type { Machine } from "./syscalls.ts";
import { resolveWorkspace, type Workspace } from "./workspace.ts";

export type Execution = {
  program:
    | { kind: "code"; language: Language; text: string }
    /** Looked for in PATH inside; no shell. */
    | { kind: "command"; argv: readonly string[] };
  profile: Profile;
  env: Readonly<Record<string, string>>;
  /** Null: nothing to read. Not kept. */
  stdin: Buffer | null;
  /** The program starts in it, and finds it at /workspace. Null: it starts in /tmp. */
  workspace: Workspace | null;
  /** Stops all of it, at once. */
  signal: AbortSignal | null;
  /** What it says, while it says it; all of it, also what the result leaves out. */
  output: (stream: Stream, chunk: Buffer) => void;
};

export type Executed = (SandboxRun & { degraded: readonly Inexact[] }) | SandboxRefusal;

/** Since this process started. */
type Health = {
  running: number;
  waiting: number;
  /** Runs that ended, all, and those of them that failed, and that were stopped for a limit or by a caller. */
  total: number;
  failed: number;
  stopped: number;
  /** Not run at all. */
  refused: number;
  oldestMs: number | null;
  averageMs: number | null;
};

export type Executor = { run(execution: Execution): Promise<Executed>; health(): Health };

const DEFAULTS = { atOnce: 5, waiting: 20 };

/** What bubblewrap holds only nearly: see `bestEffort` in profile.ts, and SECURITY.md. */
const DEGRADED: readonly Inexact[] = ["memory", "cpu", "tmpNoexec"];

export function executor(limits: typeof DEFAULTS = DEFAULTS): Executor {
  const queue: (() => void)[] = [];
  const starts = new Set<{ at: number }>();
  let running = 0;
  let spentMs = 0;
  const count = { total: 0, failed: 0, stopped: 0, refused: 0 };

  const turn = (): Promise<void> | null => {
    if (running < limits.atOnce) {
      running += 1;
      return Promise.resolve();
    }
    if (queue.length >= limits.waiting) return null;
    return new Promise((go) => queue.push(go));
  };
  /** The place goes to the next in line, without ever being free. */
  const leave = (): void => {
    const next = queue.shift();
    if (next === undefined) running -= 1;
    else next();
  };
  const note = (executed: Executed): Executed => {
    if (executed.kind !== "ran") {
      count.refused += 1;
      return executed;
    }
    count.total += 1;
    spentMs += executed.durationMs;
    if (executed.end.by !== "itself") count.stopped += 1;
    else if (executed.end.exitStatus !== 0) count.failed += 1;
    return executed;
  };

  return {
    async run(execution) {
      const place = turn();
      if (place === null) {
        return note({ kind: "queue_full", running, waiting: queue.length });
      }
      await place;
      const start = { at: performance.now() };
      starts.add(start);
      using stopped = orLockdown(execution.signal);
      try {
        return note(await execute({ ...execution, signal: stopped.signal }));
      } finally {
        starts.delete(start);
        leave();
      }
    },
    health() {
      const oldest = Math.min(...[...starts].map(({ at }) => at));
      return {
        running,
        waiting: queue.length,
        ...count,
        oldestMs: starts.size === 0 ? null : Math.round(performance.now() - oldest),
        averageMs: count.total === 0 ? null : Math.round(spentMs / count.total),
      };
    },
  };
}

/** Linux refuses a single argument that is longer; and it bounds what a filter of ours has to hold. */
const WORD_MAX_BYTES = 131_071;
const WORDS_MAX_BYTES = 1_500_000;
const TEXT_MAX_BYTES = 8 * 1_048_576;

async function execute(execution: Execution): Promise<Executed> {
  const { program, profile, env, stdin, signal, output } = execution;
  if (process.getuid?.() === 0 || process.geteuid?.() === 0) return { kind: "is_root" };
  const machine = MACHINES[arch];
  if (machine === undefined) return { kind: "machine", machine: arch };
  const degraded = DEGRADED.filter((limit) => profile.bestEffort.includes(limit));
  if (degraded.length < DEGRADED.length) {
    return { kind: "inexact", limits: DEGRADED.filter((limit) => !degraded.includes(limit)) };
  }
  const name = Object.keys(env).find((key) => !isVariable(key));
  if (name !== undefined) return { kind: "variable", name };
  const workspace = execution.workspace === null ? null : resolveWorkspace(execution.workspace);
  if (workspace !== null && "kind" in workspace) return workspace;
  const argv = argvOf(program);
  if (!Array.isArray(argv)) return argv;
  if (isTooLong([...argv, ...Object.values(env)])) return { kind: "too_long" };
  const text = program.kind === "code" ? program.text : null;
  if (text !== null && Buffer.byteLength(text) > TEXT_MAX_BYTES) return { kind: "too_long" };
  const ran = await runBubblewrap({
    profile,
    env,
    workspace,
    argv,
    machine,
    text,
    stdin,
    signal,
    output,
    programFile: program.kind === "code" ? PROGRAM_FILE[program.language] : null,
  });
  return ran.kind === "ran" ? { ...ran, degraded } : ran;
}

const MACHINES: Partial<Record<string, Machine>> = { x64: "x86_64", arm64: "aarch64" };

function argvOf(program: Execution["program"]): string[] | SandboxRefusal {
  if (program.kind === "code") {
    const interpreter = interpreterOf(program.language);
    if (interpreter === null) return { kind: "no_interpreter", language: program.language };
    return [interpreter, PROGRAM_FILE[program.language]];
  }
  const [first = ""] = program.argv;
  // exec(1p) of some shells would take the first one for an option of its own.
  return first === "" || first.startsWith("-") ? { kind: "no_command" } : [...program.argv];
}

/** Words end with a NUL on their way to bubblewrap: one with a NUL in it would be two. */
function isTooLong(words: readonly string[]): boolean {
  const bytes = words.map((word) => Buffer.byteLength(word));
  return (
    words.some((word) => word.includes("\0")) ||
    Math.max(...bytes) > WORD_MAX_BYTES ||
    bytes.reduce((sum, more) => sum + more, 0) > WORDS_MAX_BYTES
  );
}
