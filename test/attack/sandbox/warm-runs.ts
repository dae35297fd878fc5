/** Runs in a host, as an ordinary user, bundled into one file: programs one after the other, through one executor. */
import { setTimeout } from "node:timers/promises";
import { chooseBackends } from "../../../agent/sandbox/choice.ts";
import { containerApi } from "../../../agent/sandbox/container-api.ts";
import { executor } from "../../../agent/sandbox/executor.ts";
import { profileFor } from "../../../agent/sandbox/profile.ts";
import { readSandboxSettings } from "../../../agent/sandbox/settings.ts";

const [runs = "1", last = "close"] = process.argv.slice(2);
const settings = readSandboxSettings();
if ("flaw" in settings) throw new Error(settings.flaw);
const sandboxes = executor({ backends: chooseBackends({ ...settings, backend: "docker" }) });

const PROFILE = profileFor("bash", settings.profile);

async function run(text: string, argv: readonly string[] = [], env: Record<string, string> = {}) {
  return await sandboxes.run({
    program: argv.length > 0 ? { kind: "command", argv } : { kind: "code", language: "bash", text },
    profile: PROFILE,
    env,
    stdin: null,
    workspace: null,
    signal: null,
    output: () => undefined,
  });
}

const said: string[] = [];
for (let at = 0; at < Number(runs); at += 1) {
  // What an earlier program has left would be there; and where one waits, so would this one's.
  const ran = await run("ls /tmp /dev/shm; echo >/tmp/mark; echo >/dev/shm/mark; cat /proc/uptime");
  said.push(ran.kind === "ran" ? ran.stdout.split("\n").slice(0, -2).join(" ") : ran.kind);
}
process.stdout.write(`${JSON.stringify([...new Set(said)])}\n`);
// Names that would act on a shell, and on what is set for it.
const VARIABLES = {
  words: "x",
  TMOUT: "0",
  TERM: "vt100",
  PATH: "/workspace:/usr/bin",
  SECRET: "a\nb",
};
const shown = await run("", ["printenv", ...Object.keys(VARIABLES)], VARIABLES);
process.stdout.write(`${JSON.stringify(shown.kind === "ran" ? shown.stdout : shown)}\n`);
const api = containerApi(settings.sockets.docker);
/** Containers that are there, so many at least, and have been for a while; after half a minute, whatever is there. */
async function settled(least: number): Promise<{ Id: string }[]> {
  const late = Date.now() + 30_000;
  for (;;) {
    const there = (await api.ask("GET", "/containers/json")) as { Id: string; Created: number }[];
    const before = Date.now() / 1000 - 3;
    const isSo = there.length >= least && there.every(({ Created }) => Created < before);
    if (isSo || Date.now() > late) return there;
    await setTimeout(200);
  }
}
if (last === "emptied") {
  // As after a restart of docker: what waits is not there any more when it is wanted.
  const waiting = await settled(1);
  for (const { Id } of waiting) await api.ask("DELETE", `/containers/${Id}?force=1`);
  const ran = await run("echo all the same");
  process.stdout.write(
    `${JSON.stringify([waiting.length > 0, ran.kind === "ran" && ran.stdout])}\n`,
  );
  await sandboxes.close();
} else if (last === "die") {
  void run("trap '' TERM HUP; setsid sleep 7107 & sleep 7108");
  // Not while one is being made: such a one goes with the next start.
  await settled(settings.warm + 1);
  process.kill(process.pid, "SIGKILL");
} else {
  await sandboxes.close();
}
