/** `sallyport exec`: code in a sandbox, and what confined it. */
import type { Command } from "commander";
import { readFileSync } from "node:fs";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { escapeBlock } from "../escape.ts";
import {
  explainSandboxEnd,
  explainSandboxRefusal,
  inexactText,
  UNRECORDED,
} from "../sandbox/explain.ts";
import type { Execution } from "../sandbox/execute.ts";
import type { Recorded } from "../sandbox/host-sandboxes.ts";
import { closeInherited } from "../inherited-descriptors.ts";
import {
  LANGUAGES,
  profileFor,
  profileSchema,
  type Language,
  type Profile,
} from "../sandbox/profile.ts";
import { BACKENDS, type BackendName } from "../sandbox/backend.ts";
import { backendFor } from "../sandbox/choice.ts";
import { describeSandbox } from "../sandbox/describe.ts";
import type { SandboxRefusal } from "../sandbox/refusal.ts";
import type { Stream } from "../sandbox/run-bubblewrap.ts";
import { USER_SANDBOXES } from "../sandbox/user-sandboxes.ts";
import { codePolicyFor } from "../sanitizer/settings.ts";
import type { CodePolicy } from "../sanitizer/finding.ts";
import { readSettingsFile } from "../settings-file.ts";
import { findingsText, rulesText } from "./code-rules.ts";
import { fail, failureJson, failureText, type Failure } from "./errors.ts";
import { showStatus } from "./exec-status.ts";

type Options = {
  language?: string;
  backend?: string;
  profile?: string;
  workspace?: string;
  writable?: true;
  stdin?: true;
  timeout?: string;
  explain?: true;
  status?: true;
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
    .option("--explain", "print what would confine it and the rules about code, and run nothing")
    .option("--status", "print how your sandboxes do, and the newest of them")
    .action(exec);
}

async function exec(file: string | undefined, options: Options): Promise<void> {
  const json = options.json === true;
  if (options.status === true) return showStatus(json);
  const wish = readWish(file, options);
  if ("cause" in wish) return fail(wish, { json });
  if (options.explain === true) return explain(wish, json);
  const { language, profile, backend } = wish;
  const text = readCode(file ?? "-");
  if (typeof text !== "string") return fail(text, { json });

  closeInherited();
  const cancelled = new AbortController();
  const cancel = (): void => cancelled.abort();
  process.once("SIGINT", cancel).once("SIGTERM", cancel).once("SIGHUP", cancel);
  const executed = await USER_SANDBOXES.run({
    backend,
    isLast: true,
    program: { kind: "code", language, text },
    profile,
    env: {},
    stdin: options.stdin === true ? readFileSync(0) : null,
    workspace: workspaceOf(options),
    signal: cancelled.signal,
    output: json ? () => undefined : passOn,
  });
  await USER_SANDBOXES.close();
  process.off("SIGINT", cancel).off("SIGTERM", cancel).off("SIGHUP", cancel);
  report(executed, profile, json);
}

type Wish = { language: Language; profile: Profile; policy: CodePolicy; backend: BackendName };

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
  const host = USER_SANDBOXES.settings();
  if ("flaw" in host) {
    return { code: "settings", cause: host.flaw, hint: host.hint ?? null, status: 78 };
  }
  const settings =
    options.profile === undefined
      ? host.profile
      : readSettingsFile(profileSchema, options.profile, false);
  if ("flaw" in settings) {
    return { code: "profile", cause: settings.flaw, hint: settings.hint ?? null, status: 78 };
  }
  const wish = {
    language,
    policy: codePolicyFor(language, host.code),
    backend: backend ?? backendFor(host, language),
  };
  if (options.timeout === undefined) return { ...wish, profile: profileFor(language, settings) };
  const timed = profileSchema.shape.seconds.safeParse(Number(options.timeout));
  if (!timed.success) return usage("--timeout is a number of seconds, 0.1 to 86400");
  return { ...wish, profile: profileFor(language, { ...settings, seconds: timed.data }) };
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

function report(executed: Recorded, profile: Profile, json: boolean): void {
  if (executed.kind !== "ran") return refuse(executed, json);
  const failure = explainSandboxEnd(executed.end, profile);
  if (json) {
    process.stdout.write(`${JSON.stringify(executedJson(executed, failure))}\n`);
  } else {
    process.stderr.write(confinedText(executed, profile));
    process.stderr.write(findingsText(executed.examined));
    if (!executed.onRecord) process.stderr.write(`sallyport: ${UNRECORDED}\n`);
    if (failure !== null) process.stderr.write(failureText(failure));
  }
  process.exitCode = failure?.status ?? 0;
}

/** What is wrong with code is told in full. */
function refuse(refusal: SandboxRefusal, json: boolean): void {
  const failure = explainSandboxRefusal(refusal);
  if (refusal.kind !== "code_refused") return fail(failure, { json });
  if (!json) {
    process.stderr.write(findingsText(refusal.examined));
    return fail(failure, { json });
  }
  const { findings } = refusal.examined;
  const told = { ...failureJson(failure), data: { kind: "sandbox", findings } };
  process.stdout.write(`${JSON.stringify(told)}\n`);
  process.exitCode = failure.status;
}

type Ran = Extract<Recorded, { kind: "ran" }>;

function executedJson(ran: Ran, failure: Failure | null) {
  const { end, stdout, stderr, truncated, durationMs, confinement, peak, degraded, examined } = ran;
  const { backend, onRecord } = ran;
  const { findings } = examined;
  return {
    v: 1,
    success: failure === null,
    exitCode: end.by === "itself" ? end.exitStatus : null,
    stdout,
    stderr,
    truncated,
    durationMs,
    timedOut: end.by === "limit" && end.limit === "time",
    data: { kind: "sandbox", backend, end, confinement, degraded, peak, findings, onRecord },
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
  const used = usedText(ran);
  const nearly = ran.degraded.map((limit) => `sallyport: nearly: ${inexactText(limit, profile)}\n`);
  return `sallyport: confined by ${backend}: ${held.join("; ")}\n${nearly.join("")}${used}`;
}

function usedText({ peak, durationMs }: Ran): string {
  if (peak === null) return "";
  const mib = Math.ceil(peak.memoryBytes / 1_048_576);
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
  return `sallyport: used at most ${mib} MiB and ${peak.processes} processes, ${seconds(peak.cpuMs)} of processor time in ${seconds(durationMs)}\n`;
}

function explain({ backend, language, profile, policy }: Wish, json: boolean): void {
  if (json) {
    const data = { kind: "sandbox-profile", backend, language, profile, code: policy };
    process.stdout.write(`${JSON.stringify({ v: 1, success: true, data, error: null })}\n`);
    return;
  }
  const lines = [...describeSandbox(backend, profile), ...rulesText(language, policy)];
  process.stdout.write(`${lines.join("\n")}\n`);
}
