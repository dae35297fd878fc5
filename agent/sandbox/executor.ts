/** Where untrusted code runs: so many sandboxes at once, each for one run, the others in a queue. */
import { randomUUID } from "node:crypto";
import { arch } from "node:process";
import { orLockdown } from "../lockdown.ts";
import { codeSettingsSchema, type CodeSettings } from "../sanitizer/settings.ts";
import { isVariable } from "./bubblewrap.ts";
import type { Backend, BackendName, BackendRun } from "./backend.ts";
import { chooseBackends, choiceSchema, type Backends } from "./choice.ts";
import { examine, type Examined } from "./examine.ts";
import { PROGRAM_FILE } from "./interpreter.ts";
import { profileFor, profileSchema, type Language, type Profile } from "./profile.ts";
import type { SandboxRefusal } from "./refusal.ts";
import type { Stream } from "./run-bubblewrap.ts";
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
  /** Waits for its turn however many do: how many ask at once, and how often, is bounded elsewhere. */
  patient?: boolean;
  /** In place of the one that the settings name. */
  backend?: BackendName | null;
  /** Nothing more is asked of this process: no sandbox is made ready for the next program. */
  isLast?: boolean;
};

/** `backend` is null where it was stopped before one was asked. */
type BackendRan = BackendRun & { backend: BackendName | null };

export type Executed =
  | (BackendRan & {
      /** What was seen in the code, and is no reason to refuse it. */
      examined: Examined;
    })
  | SandboxRefusal;

/** What becomes of runs, for who keeps records or counts. `by`: who asked for it. */
export type SandboxEvent =
  | { kind: "begun"; id: string; by: string; execution: Execution }
  /** `pid`: the process that all others of the sandbox end with. Of a container there is none that this user sees. */
  | { kind: "started"; id: string; pid: number }
  /** Also of what was not begun. */
  | { kind: "ended"; id: string; by: string; execution: Execution; executed: Executed };

/** Since this process started. */
export type Health = {
  running: number;
  /** As many as may run at once. */
  atOnce: number;
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

export type Executor = {
  run(execution: Execution, by?: string): Promise<Executed>;
  health(): Health;
  /** Ends sandboxes that wait for a program; for the end of this process. */
  close(): Promise<void>;
};

export type ExecutorSettings = {
  /** Sandboxes at once, and how many more may wait. */
  atOnce: number;
  waiting: number;
  code: CodeSettings;
  backends: Backends;
  /** Told at once; what it throws is a bug. */
  watch: (event: SandboxEvent) => void;
};

export const QUEUE = { atOnce: 5, waiting: 20 };

export function executor(settings: Partial<ExecutorSettings> = {}): Executor {
  const { atOnce, waiting, watch = () => undefined } = { ...QUEUE, ...settings };
  const code = settings.code ?? codeSettingsSchema.parse({});
  const backends = settings.backends ?? chooseBackends(choiceSchema.parse({}));
  const queue: ((turn: "go" | "gone") => void)[] = [];
  const starts = new Set<{ at: number }>();
  let running = 0;
  let spentMs = 0;
  const count = { total: 0, failed: 0, stopped: 0, refused: 0 };

  /** Null: no more may wait. Who is stopped while it waits makes room for others. */
  const turn = ({ signal, patient }: Execution): Promise<"go" | "gone"> | null => {
    if (running < atOnce) {
      running += 1;
      return Promise.resolve("go");
    }
    if (queue.length >= waiting && patient !== true) return null;
    return new Promise((resolve) => {
      queue.push(resolve);
      const give = (): void => {
        const at = queue.indexOf(resolve);
        if (at !== -1) queue.splice(at, 1);
        resolve("gone");
      };
      if (signal?.aborted === true) give();
      else signal?.addEventListener("abort", give, { once: true });
    });
  };
  /** The place goes to the next in line, without ever being free. */
  const leave = (): void => {
    const next = queue.shift();
    if (next === undefined) running -= 1;
    else next("go");
  };
  const note = (executed: Executed): void => {
    if (executed.kind !== "ran") {
      count.refused += 1;
      return;
    }
    count.total += 1;
    spentMs += executed.durationMs;
    if (executed.end.by !== "itself") count.stopped += 1;
    else if (executed.end.exitStatus !== 0) count.failed += 1;
  };
  /** In its turn: what it is examined with has its place, too. */
  const inTurn = async (id: string, by: string, execution: Execution): Promise<Executed> => {
    const examined = await examinedIn(execution, code, backends);
    if ("kind" in examined) return examined;
    const { program } = execution;
    if (examined.refused && program.kind === "code")
      return { kind: "code_refused", language: program.language, examined };
    watch({ kind: "begun", id, by, execution });
    const started = (pid: number): void => watch({ kind: "started", id, pid });
    const ran = await execute(execution, backends, started);
    return ran.kind === "ran" ? { ...ran, examined } : ran;
  };

  return {
    async run(execution, by = "unnamed") {
      const id = randomUUID();
      const end = (executed: Executed): Executed => {
        note(executed);
        watch({ kind: "ended", id, by, execution, executed });
        return executed;
      };
      const place = turn(execution);
      if (place === null) return end({ kind: "queue_full", running, waiting: queue.length });
      if ((await place) === "gone") return end(NOT_BEGUN);
      const start = { at: performance.now() };
      starts.add(start);
      using stopped = orLockdown(execution.signal);
      try {
        return end(await inTurn(id, by, { ...execution, signal: stopped.signal }));
      } finally {
        starts.delete(start);
        leave();
      }
    },
    health() {
      const oldest = Math.min(...[...starts].map(({ at }) => at));
      return {
        running,
        atOnce,
        waiting: queue.length,
        ...count,
        oldestMs: starts.size === 0 ? null : Math.round(performance.now() - oldest),
        averageMs: count.total === 0 ? null : Math.round(spentMs / count.total),
      };
    },
    close: async () => await backends.close(),
  };
}

const NOTHING_FOUND: Examined = { findings: [], more: 0, refused: false };

/** Stopped by its caller before anything was started. */
const NOT_BEGUN: Executed = {
  kind: "ran",
  end: { by: "cancel" },
  stdout: "",
  stderr: "",
  truncated: false,
  durationMs: 0,
  confinement: null,
  peak: null,
  degraded: [],
  backend: null,
  examined: NOTHING_FOUND,
};

/** Python is read by Python, in a sandbox that has nothing but the text; where there is none, that is the answer. */
async function examinedIn(
  { program, signal, backend, isLast }: Execution,
  code: CodeSettings,
  backends: Backends,
): Promise<Examined | SandboxRefusal> {
  if (program.kind !== "code") return NOTHING_FOUND;
  let none: SandboxRefusal | null = null;
  const examined = await examine(program.language, program.text, code, async (text, input) => {
    const examination: Execution = {
      program: { kind: "code", language: "python", text },
      profile: EXAMINERS,
      env: {},
      stdin: Buffer.from(input),
      workspace: null,
      signal,
      output: () => undefined,
      backend: backend ?? null,
      isLast: isLast === true,
    };
    const ran = await execute(examination, backends);
    if (ran.kind !== "ran") none = ran;
    return ran.kind === "ran" && ran.end.by === "itself" && ran.end.exitStatus === 0
      ? ran.stdout
      : null;
  });
  return none ?? examined;
}

const EXAMINERS = profileFor("python", profileSchema.parse({ seconds: 20, outputKiB: 4096 }));

/** Linux refuses a single argument that is longer; and it bounds what a filter of ours has to hold. */
const WORD_MAX_BYTES = 131_071;
const WORDS_MAX_BYTES = 1_500_000;
const TEXT_MAX_BYTES = 8 * 1_048_576;

async function execute(
  execution: Execution,
  backends: Backends,
  started: (pid: number) => void = () => undefined,
): Promise<BackendRan | SandboxRefusal> {
  const { program, profile, env, stdin, signal, output } = execution;
  if (process.getuid?.() === 0 || process.geteuid?.() === 0) return { kind: "is_root" };
  const machine = MACHINES[arch];
  if (machine === undefined) return { kind: "machine", machine: arch };
  const language = program.kind === "code" ? program.language : null;
  const backend = backends.of(language, execution.backend ?? null);
  if ("kind" in backend) return backend;
  const name = Object.keys(env).find((key) => !isVariable(key));
  if (name !== undefined) return { kind: "variable", name };
  const workspace = execution.workspace === null ? null : resolveWorkspace(execution.workspace);
  if (workspace !== null && "kind" in workspace) return workspace;
  const argv = argvOf(program, backend);
  if (!Array.isArray(argv)) return argv;
  if (isTooLong([...argv, ...Object.values(env)])) return { kind: "too_long" };
  const text = program.kind === "code" ? program.text : null;
  if (text !== null && Buffer.byteLength(text) > TEXT_MAX_BYTES) return { kind: "too_long" };
  const ran = await backend.run({
    profile,
    env,
    workspace,
    argv,
    machine,
    text,
    stdin,
    signal,
    output,
    started,
    isLast: execution.isLast === true,
    programFile: language === null ? null : PROGRAM_FILE[language],
  });
  return ran.kind === "ran" ? { ...ran, backend: backend.name } : ran;
}

const MACHINES: Partial<Record<string, Machine>> = { x64: "x86_64", arm64: "aarch64" };

function argvOf(program: Execution["program"], backend: Backend): string[] | SandboxRefusal {
  if (program.kind === "code") {
    const interpreter = backend.interpreterOf(program.language);
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
