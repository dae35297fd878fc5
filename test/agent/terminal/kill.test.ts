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

/** In which all of it must have gone. */
const GONE_MS = 2000;
/** How long is waited for it, so that what goes late is told from what stays. */
const WAITED_MS = 20_000;

/** What there is of the step. The program goes on, unless it was the one. */
async function remains(host: Host): Promise<string[]> {
  // One after the other: what looks for tickets are processes, too.
  const count = await tickets(host);
  const others = (await processes(host)).filter((line) => !PROGRAM.test(line));
  return [...others, ...Array.from({ length: count }, () => "a ticket")];
}

/** `goneMs`: from the kill to the first look that saw nothing. */
type Round = { left: string[]; goneMs: number };

/** `begun`: when it was killed. */
async function gone(host: Host, begun: number): Promise<Round> {
  for (;;) {
    const goneMs = performance.now() - begun;
    const left = await remains(host);
    if (left.length === 0 || goneMs >= WAITED_MS) return { left, goneMs };
    await sleep(100);
  }
}

async function killed(host: Host, victim: RegExp, afterMs: number): Promise<Round> {
  const driver = startDriver(host);
  const ended = endOf(driver, driverInput({ steps: [STEP] }), 60_000);
  await sleep(afterMs);
  // At that moment there may be none; the first that comes is as good.
  for (let look = 0; look < 200; look += 1) {
    const pid = (await processes(host)).map((line) => victim.exec(line)?.[1]).find(Boolean);
    // It may have ended since it was seen.
    if (pid === undefined || (await exec(host, "root", ["kill", "-9", pid])).status !== 0) continue;
    const begun = performance.now();
    const round = await gone(host, begun);
    const pids = round.left.flatMap((line) => /^ *(\d+) /.exec(line)?.[1] ?? []);
    if (pids.length > 0) await arrangeScript(host, `kill -9 ${pids.join(" ")} || :`);
    await ended;
    // Had the program begun anew to end it, that would count as well.
    if (round.left.length > 0 || (await remains(host)).length === 0) return round;
    return await gone(host, begun);
  }
  return { left: ["never there"], goneMs: 0 };
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
        const rounds = [];
        for (let round = 0; round < ROUNDS; round += 1) {
          const afterMs = Math.round(next() * 900);
          const what = `${host.name}, round ${round}, ${afterMs} ms`;
          rounds.push({ host, what, afterMs, ...(await killed(host, victim, afterMs)) });
        }
        return rounds;
      }),
    );
    const rounds = found.flat();
    const staying = rounds.flatMap(({ what, left }) => left.map((line) => `${what}: ${line}`));
    expect(staying).toEqual([]);
    // Five builds at once keep each other waiting: who was late among them must not be when it is alone.
    for (const { host, what, afterMs, goneMs } of rounds) {
      let best = goneMs;
      for (let again = 0; again < 3 && best > GONE_MS; again += 1) {
        const alone = await killed(host, victim, afterMs);
        expect(alone.left, what).toEqual([]);
        best = Math.min(best, alone.goneMs);
      }
      expect(best, what).toBeLessThanOrEqual(GONE_MS);
    }
  });
});
