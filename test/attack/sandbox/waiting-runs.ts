/**
 * Runs in a host, as an ordinary user, bundled into one file: programs whose interpreter has been started ahead, beside
 * the same ones for which nothing was made ready.
 */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { chooseBackends } from "../../../agent/sandbox/choice.ts";
import { executor } from "../../../agent/sandbox/executor.ts";
import { profileFor } from "../../../agent/sandbox/profile.ts";
import { readSandboxSettings } from "../../../agent/sandbox/settings.ts";

const settings = readSandboxSettings();
if ("flaw" in settings) throw new Error(settings.flaw);
const { profile } = settings;
const sandboxes = executor({ backends: chooseBackends({ ...settings, backend: "docker" }) });
/** More than any program of these needs to start: one that has been there for longer was started ahead. */
const START_MS = 4000;
/** One that is found to be as old as this says of itself that it is older than that. */
const AHEAD_MS = START_MS + 1000;
const LATE_MS = 30_000;

type Language = "node" | "python";

async function run(language: Language, text: string, isLast = false): Promise<string> {
  const ran = await sandboxes.run({
    program: { kind: "code", language, text },
    profile: profileFor(language, profile),
    env: {},
    stdin: Buffer.from("its input"),
    workspace: null,
    signal: null,
    output: () => undefined,
    isLast,
  });
  if (ran.kind !== "ran") return JSON.stringify(ran);
  return `${ran.stdout}${ran.stderr}${JSON.stringify(ran.end)}`;
}

/** What a program can see of the way it was started; the first line is for how long it has been there. */
const SEEN = {
  commonjs: `const fs = require("node:fs");
console.log(performance.now());
const kept = /^(Sig|Cap|Seccomp|NoNew|Umask|Uid|Threads).*/gm;
console.log(process.argv, process.execArgv, process.title, process.env, process.cwd(), __filename);
console.log(require.main === module, Object.keys(require.cache), fs.statSync(__filename).isFile());
console.log(fs.readFileSync(__filename, "utf8").length, fs.readdirSync(__dirname));
console.log(fs.readFileSync(0, "utf8"), fs.fstatSync(0).isFile(), fs.readFileSync("/proc/self/cmdline", "utf8"));
console.log(fs.readFileSync("/proc/self/status", "utf8").match(kept), fs.readFileSync("/proc/self/limits", "utf8"));
console.log(fs.readdirSync("/proc/self/fd").map((name) => [name, link("/proc/self/fd/" + name)]));
function link(path) { try { return fs.readlinkSync(path).replace(/[0-9]+/, ""); } catch { return ""; } }
const asked = performance.now();
setTimeout(() => { console.log(performance.now() - asked > 199); throw new Error("at the end"); }, 200);`,
  module: `import { readFileSync } from "node:fs";
console.log(performance.now());
const awaited = await new Promise((resolve) => setTimeout(() => resolve("awaited"), 10));
console.log(awaited, import.meta.url, import.meta.main, typeof require, process.argv, readFileSync(0, "utf8"));`,
  long: `console.log(performance.now()); console.log("${"x".repeat(120_000)}".length, "é€😀");`,
  python: `import os, sys, time
with open("/proc/self/stat") as stat, open("/proc/uptime") as up:
    print((float(up.read().split()[0]) - int(stat.read().rsplit(")")[1].split()[19]) / os.sysconf("SC_CLK_TCK")) * 1000)
print(sys.argv, sys.orig_argv, sys.path, sys.flags, __file__, __name__, os.getcwd(), dict(os.environ), sorted(sys.modules))
print(sys.stdin.read(), len(open(__file__).read()), sorted(os.listdir("/sandbox")))
for name in sorted(os.listdir("/proc/self/fd"))[:3]: print(name, os.readlink("/proc/self/fd/" + name).rstrip("]0123456789"))
1 / 0`,
};

async function main(): Promise<void> {
  const found: Record<string, { waited: boolean; cold: string; warm: string }> = {};
  for (const [name, text] of Object.entries(SEEN)) {
    const language = name === "python" ? "python" : "node";
    const cold = await run(language, text, true);

    // Those that wait now are for this run.
    const before = waitingFor(language);
    await run(language, text);
    await until(() => waitingAhead(language, before).length >= AHEAD[language]);
    const warm = await run(language, text);
    const waited = parseFloat(warm) > START_MS && parseFloat(cold) < START_MS;
    found[name] = { waited, cold, warm };
  }
  await until(() => waitingAhead("node", []).length > 0);
  const waiting = waitingFor("node");
  for (const pid of waiting) process.kill(Number(pid), "SIGKILL");
  await until(() => waitingFor("node").length === 0);
  const afterDeath = await run("node", `console.log(performance.now() < ${START_MS})`);
  await sandboxes.close();
  const left = waitingFor("node").length;
  process.stdout.write(JSON.stringify({ found, killed: waiting.length, afterDeath, left }));
}

/** Of python there is one for programs, and one for what examines them. */
const AHEAD: Record<Language, number> = { node: 1, python: 2 };
const WORDS: Record<Language, string> = {
  node: "/usr/bin/node\0/sandbox/",
  python: "/usr/bin/python3\0/sandbox/",
};

/** Numbers of processes. */
function waitingFor(language: Language): string[] {
  return readdirSync("/proc").filter((pid) => readOf(pid, "cmdline").startsWith(WORDS[language]));
}

function waitingAhead(language: Language, before: readonly string[]): string[] {
  const up = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1000;
  return waitingFor(language).filter((pid) => {
    // proc(5): field 22, in hundredths of a second.
    const started = Number(readOf(pid, "stat").split(")").at(-1)?.split(" ")[20]) * 10;
    return !before.includes(pid) && up - started >= AHEAD_MS;
  });
}

function readOf(pid: string, file: "cmdline" | "stat"): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    return ""; // no process, or one that has ended meanwhile
  }
}

/** What comes too late is found by what is asked next. */
async function until(isSo: () => boolean): Promise<void> {
  const late = performance.now() + LATE_MS;
  while (!isSo() && performance.now() < late) await setTimeout(50);
}

void main();
