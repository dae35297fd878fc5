/** `sallyport exec`: code in a sandbox, and what confined it. */
import type { Command } from "commander";
import { readFileSync } from "node:fs";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { escapeBlock } from "../escape.ts";
import { explainSandboxEnd, explainSandboxRefusal, inexactText } from "../sandbox/explain.ts";
import { executor, type Executed, type Execution } from "../sandbox/executor.ts";
import { closeInherited } from "../inherited-descriptors.ts";
import {
  LANGUAGES,
  profileFor,
  profileSchema,
  type Language,
  type Profile,
} from "../sandbox/profile.ts";
import type { Stream } from "../sandbox/run-bubblewrap.ts";
import { BACKENDS, type BackendName } from "../sandbox/backend.ts";
import { chosenBackends } from "../sandbox/choice.ts";
import { describeSandbox } from "../sandbox/describe.ts";
import { readSettingsFile } from "../settings-file.ts";
import { fail, failureText, type Failure } from "./errors.ts";

type Options = {
  language?: string;
  backend?: string;
  profile?: string;
  workspace?: string;
  writable?: true;
  stdin?: true;
  timeout?: string;
  explain?: true;
  json?: true;
};

export function registerExec(program: Command): void {
  program
    .command("exec")
    .summary(
      "run code in a sandbox: no network, no privileges, no files of this host but its programs",
    )
    .argument("[file]", "the code; - is standard input")
    .option("--language <name>", LANGUAGES.join(", "))
    .option("--backend <name>", `${BACKENDS.join(", ")}; by default what the settings say`)
    .option("--workspace <folder>", "let it read this folder, at /workspace")
    .option("--writable", "with --workspace: let it write there, too")
    .option("--profile <file>", "YAML with other limits")
    .option("--timeout <seconds>", "stop it after this time")
    .option("--stdin", "let it read standard input")
    .option("--explain", "print what would confine it, and run nothing")
    .action(exec);
}

async function exec(file: string | undefined, options: Options): Promise<void> {
  const json = options.json === true;
  const wish = readWish(file, options);
  if ("cause" in wish) return fail(wish, { json });
  const { language, profile } = wish;
  const backends = chosenBackends({ only: wish.backend });
  if (options.explain === true) {
    const backend = backends.nameFor(language);
    if (typeof backend !== "string") return fail(explainSandboxRefusal(backend), { json });
    return explain(backend, language, profile, json);
  }
  const text = readCode(file ?? "-");
  if (typeof text !== "string") return fail(text, { json });

  closeInherited();
  const cancelled = new AbortController();
  const cancel = (): void => cancelled.abort();
  process.once("SIGINT", cancel).once("SIGTERM", cancel).once("SIGHUP", cancel);
  const sandboxes = executor(undefined, backends);
  const executed = await sandboxes.run({
    program: { kind: "code", language, text },
    profile,
    env: {},
    stdin: options.stdin === true ? readFileSync(0) : null,
    workspace: workspaceOf(options),
    signal: cancelled.signal,
    output: json ? () => undefined : passOn,
  });
  await sandboxes.close();
  process.off("SIGINT", cancel).off("SIGTERM", cancel).off("SIGHUP", cancel);
  report(executed, profile, json);
}

type Wish = { language: Language; profile: Profile; backend: BackendName | null };

function readWish(file: string | undefined, options: Options): Wish | Failure {
  const language = LANGUAGES.find((name) => name === options.language);
  if (language === undefined) {
    return usage(`--language is missing or unknown: ${LANGUAGES.join(", ")}`);
  }
  const backend = BACKENDS.find((name) => name === options.backend) ?? null;
  if (backend === null && options.backend !== undefined) {
    return usage(`--backend is unknown: ${BACKENDS.join(", ")}`);
  }
  if (file === undefined && options.explain !== true)
    return usage("a file is missing; - is standard input");
  if (options.stdin === true && file === "-") return usage("the code is standard input already");
  if (options.writable === true && options.workspace === undefined) {
    return usage("--writable goes with --workspace");
  }
  const settings =
    options.profile === undefined
      ? profileSchema.parse({})
      : readSettingsFile(profileSchema, options.profile, false);
  if ("flaw" in settings) {
    return { code: "profile", cause: settings.flaw, hint: settings.hint ?? null, status: 78 };
  }
  if (options.timeout === undefined) {
    return { language, backend, profile: profileFor(language, settings) };
  }
  const timed = profileSchema.shape.seconds.safeParse(Number(options.timeout));
  if (!timed.success) return usage("--timeout is a number of seconds, 0.1 to 86400");
  return { language, backend, profile: profileFor(language, { ...settings, seconds: timed.data }) };
}

function usage(cause: string): Failure {
  return { code: "usage", cause, hint: "sallyport exec --help", status: EXIT_STATUS.usage };
}

function readCode(file: string): string | Failure {
  try {
    return readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return usage(`${file} cannot be read (${code})`);
  }
}

function workspaceOf({ workspace, writable }: Options): Execution["workspace"] {
  if (workspace === undefined) return null;
  return { folder: workspace, access: writable === true ? "write" : "read" };
}

/** As it is for a program; for a person nothing in it acts on the terminal. */
function passOn(stream: Stream, chunk: Buffer): void {
  const out = process[stream];
  out.write(out.isTTY ? escapeBlock(chunk.toString("utf8")) : chunk);
}

function report(executed: Executed, profile: Profile, json: boolean): void {
  if (executed.kind !== "ran") return fail(explainSandboxRefusal(executed), { json });
  const failure = explainSandboxEnd(executed.end, profile);
  if (json) {
    process.stdout.write(`${JSON.stringify(executedJson(executed, failure))}\n`);
  } else {
    process.stderr.write(confinedText(executed, profile));
    if (failure !== null) process.stderr.write(failureText(failure));
  }
  process.exitCode = failure?.status ?? 0;
}

type Ran = Extract<Executed, { kind: "ran" }>;

function executedJson(ran: Ran, failure: Failure | null) {
  const { end, stdout, stderr, truncated, durationMs, confinement, peak, degraded, backend } = ran;
  return {
    v: 1,
    success: failure === null,
    exitCode: end.by === "itself" ? end.exitStatus : null,
    stdout,
    stderr,
    truncated,
    durationMs,
    timedOut: end.by === "limit" && end.limit === "time",
    data: { kind: "sandbox", backend, end, confinement, degraded, peak },
    error: failure === null ? null : { code: failure.code, message: failure.cause },
  };
}

function confinedText(ran: Ran, profile: Profile): string {
  const { confinement, backend } = ran;
  if (confinement === null) return "";
  const held = [
    "no new privileges",
    "no capabilities",
    "system calls filtered",
    `network: ${confinement.interfaces.join(", ")} only`,
    `writable: ${confinement.writable.join(", ")}`,
    `${profile.processes} processes`,
    `${profile.seconds} s`,
  ];
  const nearly = ran.degraded.map((limit) => `sallyport: nearly: ${inexactText(limit, profile)}\n`);
  return `sallyport: confined by ${backend}: ${held.join("; ")}\n${nearly.join("")}`;
}

function explain(backend: BackendName, language: Language, profile: Profile, json: boolean): void {
  if (json) {
    const data = { kind: "sandbox-profile", backend, language, profile };
    process.stdout.write(`${JSON.stringify({ v: 1, success: true, data, error: null })}\n`);
    return;
  }
  process.stdout.write(`${describeSandbox(backend, profile).join("\n")}\n`);
}
