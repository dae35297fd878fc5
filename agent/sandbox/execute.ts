/** One run, now: what can be refused without a sandbox is, all others are up to its backend. */
import { arch } from "node:process";
import type { Backend, BackendName, BackendRun } from "./backend.ts";
import { isVariable } from "./bubblewrap.ts";
import type { Backends } from "./choice.ts";
import { PROGRAM_FILE } from "./interpreter.ts";
import type { Language, Profile } from "./profile.ts";
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
export type BackendRan = BackendRun & { backend: BackendName | null };

/** Linux refuses a single argument that is longer; and it bounds what a filter of ours has to hold. */
const WORD_MAX_BYTES = 131_071;
const WORDS_MAX_BYTES = 1_500_000;
const TEXT_MAX_BYTES = 8 * 1_048_576;

/** Of one whose turn it is. Nothing is run without a sandbox. */
export async function execute(
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
