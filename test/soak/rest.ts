/** When nobody asks any more: the daemon is stopped, what was begun ends by itself, and the last requests mend what was killed. */
import { setTimeout as sleep } from "node:timers/promises";
import { askOnce } from "./asking.ts";
import { HELPER, type Ground } from "./ground.ts";
import type { Machine } from "./machine.ts";

/** A transaction that was left alone ends by itself; the longest takes some ten seconds. */
const REST_MS = 90_000;

export async function settle(ground: Ground): Promise<void> {
  const { lab, story } = ground;
  await Promise.all(
    lab.machines.map(async (machine) => {
      await stopDaemon(machine);
      const pattern = `^(/proc/self/exe|${HELPER}|/usr/bin/apt-get|/usr/bin/dpkg) `;
      for (const end = Date.now() + REST_MS; Date.now() < end; await sleep(200))
        if ((await machine.run("root", ["pgrep", "-f", pattern])).status !== 0) break;
      const half = await machine.run("root", [
        "/bin/sh",
        "-c",
        "dpkg --audit; apt-get check 2>&1 >/dev/null",
      ]);
      if (half.stdout !== "")
        story.say(machine.name, `dpkg was stopped halfway: ${half.stdout.trim()}`);
      // Whoever comes next configures what is pending, cuts off a line that a killed helper had begun, and takes
      // away what it had not yet put in its place.
      for (const words of [
        ["package", "autoclean"],
        ["grant", "check"],
        ["service", "status", "nginx"],
      ])
        await askOnce(ground, machine, "agent", words);
      // A sandbox whose maker was killed before it had seen that it is tied to it goes with the next start.
      for (const user of ["agent", "ops"] as const)
        await machine.run(user, ["/usr/bin/sallyport", "exec", "--language", "bash", "-"], {
          input: ":",
        });
    }),
  );
}

async function stopDaemon(machine: Machine): Promise<void> {
  const units = "sallyport.socket sallyport.service sallyport-helper.socket 'sallyport-helper@*'";
  await machine.script(`systemctl stop ${units}`);
}
