/** kill -9 of the program, of either shell and of sudo, at any moment: 2 s later nothing of the step is left. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { arrangeScript, describeInLab, endOf, exec, type Host } from "../../lab/host.ts";
import {
  driverInput,
  prepareTerminals,
  processes,
  startDriver,
  terminalHosts,
  tickets,
} from "./terminal-host.ts";

/** Of each victim on each build of sudo; the soak is `KILLS=25 vitest run test/agent/terminal/kill.test.ts`. */
const ROUNDS = Number(process.env["KILLS"] ?? 2);

/** A step of root's alone, whose processes end for nothing but SIGKILL. */
const STUBBORN = [
  "/bin/sh",
  "-c",
  `trap "" HUP TERM INT; sleep 300 & setsid sleep 301 & wait; wait`,
];
const STEP = { argv: ["/usr/bin/sudo", "-n", ...STUBBORN] };

/** What of the processes (pid, session, user, argv) is killed; the first of several. */
const PROGRAM = /^ *(\d+) .* \/run\/terminal\/node /;
const VICTIMS = {
  "the program itself": PROGRAM,
  "the shell that holds the ticket": /^ *(\d+) +\1 ops +\/bin\/sh -c set -u/,
  "the shell that watches": /^ *(\d+) +(?!\1 )\d+ ops +\/bin\/sh -c set -u/,
  // (One that asks may have been answered when it is killed: then the step goes on, as it should.)
  "sudo that runs the step": /^ *(\d+) .* \/usr\/bin\/sudo -n \/bin\/sh -c trap/,
};

/** mulberry32: the same moments at each run. */
function moments(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function killed(host: Host, victim: RegExp, afterMs: number): Promise<string[]> {
  const driver = startDriver(host);
  const ended = endOf(driver, driverInput({ steps: [STEP] }), 60_000);
  await sleep(afterMs);
  // At that moment there may be none; the first that comes is as good.
  for (let look = 0; look < 200; look += 1) {
    const pid = (await processes(host)).map((line) => victim.exec(line)?.[1]).find(Boolean);
    // It may have ended since it was seen.
    if (pid === undefined || (await exec(host, "root", ["kill", "-9", pid])).status !== 0) continue;
    await sleep(2000);
    // The program goes on, unless it was the one.
    const left = (await processes(host)).filter((line) => !PROGRAM.test(line));
    const pids = left.map((line) => line.trim().split(" ")[0]);
    if (pids.length > 0) await arrangeScript(host, `kill -9 ${pids.join(" ")} || :`);
    await ended;
    return [...left, ...Array.from({ length: await tickets(host) }, () => "a ticket")];
  }
  return ["never there"];
}

describeInLab("kill -9", { timeout: 3_000_000 }, () => {
  let close = (): void => {};
  beforeAll(async () => {
    close = await prepareTerminals();
  });
  afterAll(() => close());

  test.each(Object.entries(VICTIMS))("of %s leaves no process and no ticket", async (_, victim) => {
    const found = await Promise.all(
      terminalHosts().map(async (host, number) => {
        const next = moments(number);
        const left: string[] = [];
        for (let round = 0; round < ROUNDS; round += 1) {
          const afterMs = Math.round(next() * 900);
          const lines = await killed(host, victim, afterMs);
          left.push(...lines.map((line) => `${host.name}, round ${round}, ${afterMs} ms: ${line}`));
        }
        return left;
      }),
    );
    expect(found.flat()).toEqual([]);
  });
});
