/** When nobody asks any more: what was begun ends by itself, the daemon is stopped, and dpkg is mended where it was killed. */
import { setTimeout as sleep } from "node:timers/promises";
import { askOnce } from "./asking.ts";
import { HELPER, type Ground } from "./ground.ts";
import type { Machine } from "./machine.ts";

/** A transaction that was left alone ends by itself; the longest takes some ten seconds. */
const REST_MS = 90_000;

export async function settle(ground: Ground): Promise<void> {
  const { lab, story, before } = ground;
  await Promise.all(
    lab.machines.map(async (machine) => {
      await stopDaemon(machine);
      const pattern = `^(/proc/self/exe|${HELPER}) `;
      for (const end = Date.now() + REST_MS; Date.now() < end; await sleep(200))
        if ((await machine.run("root", ["pgrep", "-f", pattern])).status !== 0) break;
      // Whoever comes next cuts off a line that a killed helper had begun.
      await askOnce(ground, machine, "agent", ["service", "status", "nginx"]);
      const state = before.get(machine.name);
      if (state !== undefined) state.mended = Date.now();
      const half = await machine.script("dpkg --audit");
      if (half === "") return;
      story.say(machine.name, `dpkg was stopped halfway, and is mended: ${half.trim()}`);
      await machine.script("dpkg --force-confold --configure --pending >/dev/null 2>&1");
    }),
  );
}

async function stopDaemon(machine: Machine): Promise<void> {
  const units = "sallyport.socket sallyport.service sallyport-helper.socket 'sallyport-helper@*'";
  await machine.script(`systemctl stop ${units}`);
}
