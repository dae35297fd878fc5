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
/** Longer than it takes to make one, and more than any program of these needs to start. */
const PAUSE_MS = 5000;

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

    await run(language, text);
    await setTimeout(PAUSE_MS);
    const warm = await run(language, text);
    const waited = parseFloat(warm) > PAUSE_MS / 2 && parseFloat(cold) < PAUSE_MS / 2;
    found[name] = { waited, cold, warm };
  }
  await setTimeout(PAUSE_MS);
  const waiting = readdirSync("/proc").filter(isWaiting);
  for (const pid of waiting) process.kill(Number(pid), "SIGKILL");
  await setTimeout(200);
  const afterDeath = await run("node", "console.log(performance.now() < 2500)");
  await sandboxes.close();
  const left = readdirSync("/proc").filter(isWaiting).length;
  process.stdout.write(JSON.stringify({ found, killed: waiting.length, afterDeath, left }));
}

function isWaiting(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").startsWith("/usr/bin/node\0/sandbox/");
  } catch {
    return false; // no process, or one that has ended meanwhile
  }
}

void main();
