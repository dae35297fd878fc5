/**
 * Runs the sessions in this folder against dist/sallyport. A session is plain text, refusals first:
 *
 *   exec sallyport ARG…      must exit with 0; `! exec` must not. 'Quotes' keep spaces together.
 *   status 64                the exit status of the last exec
 *   stdout 'REGEX'           must match what it printed; `! stdout` must not. stderr likewise.
 *   json error.code usage    stdout is one line, a JSON object with this value at this path
 *   -- NAME --               from here on, a file of this name in the folder of the session
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

const PROGRAM = resolve(import.meta.dirname, "../../dist/sallyport");
const built = existsSync(PROGRAM);
const sessions = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".txt"));

// test/lab/start.ts says that it is not built, and under CI fails the run.
test.runIf(built).each(sessions)("session %s", (name) => {
  const text = readFileSync(join(import.meta.dirname, name), "utf8");
  const [script = "", ...files] = text.split(/^-- /m);
  const folder = mkdtempSync(join(tmpdir(), "sallyport-session-"));
  try {
    for (const file of files) {
      const [head = "", ...lines] = file.split("\n");
      writeFileSync(join(folder, head.replace(/ --$/, "")), lines.join("\n"));
    }
    expect(complaints(script, folder)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

type Ran = { status: number | null; stdout: string; stderr: string };

/** The lines of a session that do not hold, each with what was seen instead. */
function complaints(script: string, folder: string): string[] {
  let ran: Ran = { status: null, stdout: "", stderr: "" };
  return script.split("\n").flatMap((line, at) => {
    const negated = line.startsWith("! ");
    const [verb, ...words] = wordsOf(negated ? line.slice(2) : line);
    if (verb === "exec") ran = execute(words, folder);
    if (verb === undefined || holds(verb, words, ran) !== negated) return [];
    const { status, stdout, stderr } = ran;
    return [`line ${at + 1}: ${line}\nstatus ${status}\n${stdout}${stderr}`];
  });
}

function holds(verb: string, words: readonly string[], ran: Ran): boolean {
  const [first = "", second = ""] = words;
  switch (verb) {
    case "exec":
      return ran.status === 0;
    case "status":
      return ran.status === Number(first);
    case "stdout":
    case "stderr":
      return new RegExp(first, "m").test(ran[verb]);
    case "json":
      return /^\{.*\}\n$/.test(ran.stdout) && valueAt(ran.stdout, first) === second;
    default:
      throw new Error(`a session knows no ${verb}`);
  }
}

function execute([program, ...args]: string[], cwd: string): Ran {
  if (program !== "sallyport") throw new Error(`only sallyport is run, not ${program}`);
  const { status, stdout, stderr } = spawnSync(PROGRAM, args, {
    cwd,
    encoding: "utf8",
    env: { PATH: "/usr/bin:/bin", XDG_STATE_HOME: cwd },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return { status, stdout, stderr };
}

function wordsOf(line: string): string[] {
  if (line.startsWith("#")) return [];
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? "");
}

function valueAt(text: string, path: string): string {
  let value: unknown = JSON.parse(text);
  for (const key of path.split(".")) value = (value as Record<string, unknown>)[key];
  return String(value);
}
