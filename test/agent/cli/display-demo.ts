/**
 * A bootstrap's display without a bootstrap, for a pseudo terminal: HOSTS SECONDS [ask|fail|resize]. Hosts go through
 * their phases, 40 at once; every tenth is unreachable; with `resize` all others wait for a new size first. Prints the
 * name of its terminal first.
 */
import { once } from "node:events";
import { readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { displayFor } from "../../../agent/cli/bootstrap-display.ts";
import { passwordFromTerminal } from "../../../agent/cli/password.ts";
import { inForks } from "../../../inventory/batches.ts";
import { fixedPace } from "../../../inventory/forks.ts";

const [count = "3", seconds = "1", what = ""] = process.argv.slice(2);
const names = Array.from({ length: Number(count) }, (_, at) => `web${at + 1}`);
const display = displayFor(names, { json: false, jsonl: false });
const pause = (Number(seconds) * 1000) / (3 * Math.ceil(names.length / 40));
let stopped = false;
process.on("SIGINT", () => {
  if (stopped) process.exit(130);
  stopped = true;
  display.say("no other is begun\n");
});
const resized = what === "resize" ? once(process.stdout, "resize") : null;
process.stdout.write(`${readlinkSync("/proc/self/fd/1")}\n`);

const end = (name: string, state: "installed" | "unreachable" | "not-done"): void =>
  display.end({
    name,
    state,
    reason: state === "unreachable" ? "no route to host" : "",
    newPins: [],
    sudo: null,
    sentBytes: 0,
  });

try {
  const left = await inForks(
    names,
    fixedPace(40),
    async (name) => {
      for (const phase of ["connecting", "looking", "changing"] as const) {
        display.phase(name, phase);
        await sleep(pause);
        if (phase === "connecting" && name.endsWith("0")) return end(name, "unreachable");
        if (phase === "looking") await resized;
        if (phase === "looking" && name === "web2" && what === "ask") {
          const given = await passwordFromTerminal("Password for sudo: ");
          display.say(`${given.kind}\n`);
        }
        if (phase === "looking" && name === "web2" && what === "fail") throw new Error("a bug");
      }
      end(name, "installed");
    },
    () => stopped,
  );
  for (const name of left) end(name, "not-done");
} finally {
  display.close();
}
process.stdout.write("done\n");
