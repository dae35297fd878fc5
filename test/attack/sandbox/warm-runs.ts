/** Runs in a host, as an ordinary user, bundled into one file: programs one after the other, through one executor. */
import { chooseBackends } from "../../../agent/sandbox/choice.ts";
import { executor } from "../../../agent/sandbox/executor.ts";
import { profileFor } from "../../../agent/sandbox/profile.ts";
import { readSandboxSettings } from "../../../agent/sandbox/settings.ts";

const [runs = "1", last = "close"] = process.argv.slice(2);
const settings = readSandboxSettings();
if ("flaw" in settings) throw new Error(settings.flaw);
const sandboxes = executor({ backends: chooseBackends({ ...settings, backend: "docker" }) });

const PROFILE = profileFor("bash", settings.profile);

async function run(text: string) {
  return await sandboxes.run({
    program: { kind: "code", language: "bash", text },
    profile: PROFILE,
    env: {},
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
if (last === "die") {
  void run("trap '' TERM HUP; setsid sleep 7107 & sleep 7108");
  setTimeout(() => process.kill(process.pid, "SIGKILL"), 3000);
} else {
  await sandboxes.close();
}
