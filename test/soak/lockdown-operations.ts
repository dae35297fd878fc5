/** An administrator stops everything on a host, who asks meanwhile is refused, and a few seconds later it goes on. */
import { setTimeout as sleep } from "node:timers/promises";
import { askOnce } from "./asking.ts";
import type { Choices } from "./choices.ts";
import { decided } from "./grant-operations.ts";
import type { Ground } from "./ground.ts";
import type { Machine } from "./machine.ts";
import type { Plan } from "./operations.ts";

const ASKED = [
  ["service", "restart", "nginx"],
  ["service", "status", "nginx"],
  ["package", "install", "htop"],
  ["package", "remove", "htop"],
  ["service", "stop", "fail2ban"],
];
/** A host that has lost its power takes its time, and so does a disk that is full. */
const LIFT_MS = 180_000;
/** One at a time on each host: who lifts it lifts another's, too. */
const LOCKED = new WeakSet<Machine>();

export function planLockdown(choose: Choices): Plan {
  const words = Array.from({ length: choose.between(1, 4) }, () => choose.one(ASKED));
  const ms = choose.between(500, 3000);
  return {
    text: `for ${ms} ms and as long as it takes to ask ${JSON.stringify(words)}`,
    perform: async (ground, machine) => {
      if (LOCKED.has(machine)) return "it is locked down";
      LOCKED.add(machine);
      try {
        return await lockedDown(ground, machine, words, ms);
      } finally {
        LOCKED.delete(machine);
      }
    },
  };
}

async function lockedDown(
  ground: Ground,
  machine: Machine,
  asked: readonly (readonly string[])[],
  ms: number,
): Promise<string> {
  const came = [await decided(ground, machine, ["lockdown", "on", "-m", "soak"])];
  const from = Date.now();
  for (const words of asked) came.push((await askOnce(ground, machine, "agent", words)).came);
  await sleep(ms);
  // What was not answered, or with less than a success, promises nothing.
  if (came[0] === "lockdown:0")
    ground.story.lockdowns.push({ host: machine.name, from, to: Date.now() });
  for (const end = Date.now() + LIFT_MS; Date.now() < end; await sleep(500)) {
    came.push(await decided(ground, machine, ["lockdown", "off"]));
    const { stdout } = await machine.run("root", ["/usr/bin/sallyport", "lockdown", "status"]);
    if (stdout === "not locked down\n") return came.join(" ");
  }
  throw new Error(`${machine.name} stays locked down: ${came.join(" ")}`);
}
