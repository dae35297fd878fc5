/** Where untrusted code runs: so many sandboxes at once, each for one run, the others in a queue. */
import { randomUUID } from "node:crypto";
import { orLockdown } from "../lockdown.ts";
import { codeSettingsSchema, type CodeSettings } from "../sanitizer/settings.ts";
import { chooseBackends, choiceSchema, type Backends } from "./choice.ts";
import { examine, type Examined } from "./examine.ts";
import { execute, type BackendRan, type Execution } from "./execute.ts";
import { profileFor, profileSchema } from "./profile.ts";
import type { SandboxRefusal } from "./refusal.ts";

export type Executed =
  | (BackendRan & {
      /** What was seen in the code, and is no reason to refuse it. */
      examined: Examined;
    })
  | SandboxRefusal;

type Code = Extract<Execution["program"], { kind: "code" }>;

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
  /** What is seen in code, in its turn and by the same rules; it is not run. */
  look: (code: Code, signal: AbortSignal | null) => Promise<Examined | SandboxRefusal>;
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
  const turn = ({
    signal,
    patient,
  }: Pick<Execution, "signal" | "patient">): Promise<"go" | "gone"> | null => {
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
      // Of its own: what is told of an end is found again by the end itself.
      if ((await place) === "gone") return end({ ...NOT_BEGUN });
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
    async look(program, signal) {
      if ((await turn({ signal, patient: true })) !== "go") return NOTHING_FOUND;
      try {
        return await examinedIn({ program, signal }, code, backends);
      } finally {
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
  {
    program,
    signal,
    backend,
    isLast,
  }: Pick<Execution, "program" | "signal" | "backend" | "isLast">,
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
