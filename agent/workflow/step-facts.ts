/** All that decides what a step outside of the sandbox does, as a person grants it, and how exactly that is started. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, realpathSync, rmSync, statSync } from "node:fs";
import { basename, isAbsolute, join, resolve } from "node:path";
import { SUBJECT_MAX_BYTES } from "../../protocol/operation.ts";
import { flawBehindLinks } from "../doctor/ownership.ts";
import { interpreterOf } from "../sandbox/interpreter.ts";
import { digestOf } from "./canonical.ts";
import type { Execution } from "./execution.ts";
import { hashFile } from "./held-file.ts";
import type { Act } from "./step.ts";
import type { Plan } from "./plan.ts";

/** What of a run is in the facts of each of its steps. */
export type RunFacts = { run: string; plan: Pick<Plan, "digest" | "user" | "host"> };

export type Facts = {
  /** JSON with one way to read it. */
  subject: string;
  /** What is started: held copies of what others than root could exchange. */
  argv: readonly string[];
  cwd: string;
};

/** `held`: a new folder of this user's own for copies. `flaw`: why nobody could grant it (lowercase, no period). */
export function stepFacts(
  execution: Execution,
  { run, plan }: RunFacts,
  held: string,
): Facts | { flaw: string } {
  try {
    return factsOf(execution, { run, plan }, held);
  } catch (error) {
    return { flaw: error instanceof Error ? error.message : String(error) };
  }
}

function factsOf(execution: Execution, { run, plan }: RunFacts, held: string): Facts {
  const { step, env, stdin, timeoutMs, secrets } = execution;
  const words = argvOf(step.act);
  const cwd = realpathSync(step.cwd);
  const [name = ""] = words;
  const program = programAt(name, cwd, env["PATH"] ?? "");
  rmSync(held, { recursive: true, force: true });
  mkdirSync(held, { recursive: true, mode: 0o700 });
  const first = hold(program, held, "program");
  const interpreters = first.isScript ? shebang(first.path, env["PATH"] ?? "") : [];
  const argv = [first.path, ...words.slice(1)];
  const files = [...interpreters];
  for (const [at, path] of namedFiles(words, cwd)) {
    const isScriptOf = at === 1 && INTERPRETER.test(basename(name));
    if (isScriptOf) {
      const script = hold(path, held, `1-${basename(path)}`);
      argv[at] = script.path;
      files.push(`${script.sha256} ${path}`);
      continue;
    }
    const found = hashFile(path, null);
    if (found !== null) files.push(`${found.sha256} ${path}`);
  }
  const without = (text: string): string => withoutSecrets(text, secrets);
  const values: [string, string][] = Object.entries(env).map(([key, value]) => [
    key,
    without(value),
  ]);
  const subject = JSON.stringify({
    kind: "step",
    run,
    step: step.id,
    language: step.act.kind === "code" ? step.act.language : "run",
    workflow: plan.digest,
    user: plan.user.uid,
    machine: plan.host.machine,
    argv: words,
    program: `${first.sha256} ${program}`,
    files,
    cwd,
    environment: Object.keys(env).toSorted(),
    environmentDigest: digestOf(Object.fromEntries(values)),
    stdinDigest: stdin === null ? null : sha256(without(stdin.toString("latin1"))),
    timeoutMs,
  });
  if (Buffer.byteLength(subject) > SUBJECT_MAX_BYTES)
    throw new RangeError("it is longer than what a person can be shown: put it into a file");
  return { subject, argv, cwd };
}

/** Code is an argument: no file of it could be exchanged. */
function argvOf(act: Act): readonly string[] {
  switch (act.kind) {
    case "run":
      return act.argv;
    case "code": {
      const interpreter = interpreterOf(act.language);
      if (interpreter === null) throw new Error(`this host has no ${act.language}`);
      return [interpreter, act.language === "node" ? "-e" : "-c", act.text];
    }
    case "request":
      throw new Error("a request is for the helper");
    default:
      return act satisfies never;
  }
}

/** As execvp(3) finds it. */
function programAt(name: string, cwd: string, path: string): string {
  if (name.includes("/")) return resolve(cwd, name);
  const found = path
    .split(":")
    .filter(isAbsolute)
    .map((folder) => join(folder, name))
    .find((file) => isExecutable(file));
  if (found === undefined) throw new Error(`there is no program called ${name}`);
  return found;
}

function isExecutable(file: string): boolean {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat?.isFile() === true && (stat.mode & 0o111) !== 0;
}

type Held = { path: string; sha256: string; isScript: boolean };

function hold(path: string, held: string, name: string): Held {
  const copy = flawBehindLinks(path) === null ? null : join(held, name);
  const hashed = hashFile(path, copy);
  if (hashed === null) throw new Error(`${path} is no file`);
  return { ...hashed, path: copy ?? path };
}

/** What the kernel starts for a script, and what env(1) starts for that; read from what is held. */
function shebang(script: string, path: string): string[] {
  const [line = ""] = readFileSync(script, "latin1").slice(2, 258).split("\n");
  const [interpreter = "", ...words] = line.trim().split(/[ \t]+/);
  const others = basename(interpreter) === "env" ? words.filter((word) => !/^-|=/.test(word)) : [];
  const found = [interpreter, ...others.slice(0, 1).map((word) => programAt(word, "/", path))];
  return found.map((file) => {
    if (flawBehindLinks(file) !== null)
      throw new Error(
        `${file}, which its first line names, could be exchanged: name it as the program`,
      );
    const hashed = hashFile(file, null);
    if (hashed === null || hashed.isScript) throw new Error(`${file} is no program`);
    return `${hashed.sha256} ${file}`;
  });
}

const INTERPRETER = /^(?:(?:ba|da|k|z)?sh|python[\d.]*|node|nodejs|perl|ruby)$/;
const FILES_MAX = 32;

/** What a command only writes decides nothing, and changes with each run. */
const WRITTEN = /\d*>[>|]?\s*[^\s;&|()<>]+/g;

/** Files that words of a command name, also those in a command's text: an edited script is another one. */
function namedFiles(words: readonly string[], cwd: string): [at: number, path: string][] {
  const named = words.slice(1).flatMap((word, at): [number, string][] => {
    const parts = new Set([word, ...word.replace(WRITTEN, "").split(/[\s;&|()<>'"`=]+/)]);
    return [...parts].map((part) => [part === word ? at + 1 : -1, part]);
  });
  const files = new Map<string, number>();
  for (const [at, part] of named) {
    if (part === "" || part.length > 4096 || part.includes("\0")) continue;
    const path = resolve(cwd, part);
    if (isFile(path) && !files.has(path)) files.set(path, at);
  }
  if (files.size > FILES_MAX) throw new RangeError(`it names more than ${FILES_MAX} files`);
  return [...files].map(([path, at]) => [at, path]);
}

function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  } catch {
    return false;
  }
}

/** What is short could be found from a digest; that the same secrets are given again is seen to elsewhere. */
function withoutSecrets(text: string, secrets: readonly Buffer[]): string {
  let left = text;
  for (const secret of secrets)
    for (const encoding of ["utf8", "latin1"] as const)
      if (secret.length > 0) left = left.replaceAll(secret.toString(encoding), "\0secret\0");
  return left;
}

function sha256(latin1: string): string {
  return createHash("sha256").update(Buffer.from(latin1, "latin1")).digest("hex");
}
