/** What goes wrong meanwhile: deaths by SIGKILL, full disks, clocks that jump, networks that lose packets. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Choices } from "./choices.ts";
import { FAKE_TIME, HELPER, LOGS, type Ground } from "./ground.ts";
import type { Machine } from "./machine.ts";

/** `perform` does it, undoes what lasts, and says in a word whether it hit anything. */
export type Fault = {
  text: string;
  perform: (ground: Ground, machine: Machine) => Promise<string>;
};
export type FaultKind = keyof typeof FAULTS;

const FAULTS = {
  "kill-helper": () => killing(`^(/proc/self/exe|${HELPER}) `),
  "kill-program": () =>
    killing("^(/usr/bin/)?sallyport (run|exec|service|bootstrap|approve|deny|lockdown)"),
  "kill-sandbox": () => killing("^(/usr/bin/)?bwrap "),
  "kill-daemon": () => killing("^/usr/bin/sallyport daemon"),
  "kill-sudo": () => killing("^(/usr/bin/)?sudo -n "),
  "kill-sshd": () => killing("^sshd: "),
  power: powerFails,
  "full-log": fullLog,
  "full-disk": fullDisk,
  clock: clockJumps,
  date: dateJumps,
  loss: packetsAreLost,
  link: linkIsDown,
};

export const FAULT_WEIGHTS: Readonly<Record<FaultKind, number>> = {
  "kill-helper": 6,
  "kill-program": 4,
  "kill-sandbox": 2,
  "kill-daemon": 1,
  "kill-sudo": 2,
  "kill-sshd": 2,
  power: 2,
  "full-log": 2,
  "full-disk": 2,
  clock: 2,
  date: 2,
  loss: 2,
  link: 1,
};

export function faultOf(choose: Choices, weights = FAULT_WEIGHTS): Fault & { kind: FaultKind } {
  const kind = choose.weighted(weights);
  return { kind, ...FAULTS[kind](choose) };
}

/** All that match at this moment. What is looked for is not the one that looks: it has another command line. */
const KILL = `found=$(pgrep -f -- "$1" | grep -vx $$ || :)
for pid in $found; do
  tr '\\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | cut -c 1-60 || :
  kill -KILL "$pid" 2>/dev/null || :
done`;

function killing(pattern: string): Fault {
  return {
    text: pattern,
    perform: async (_, machine) => {
      const killed = await machine.script(KILL, pattern);
      return JSON.stringify(killed.trim().split("\n"));
    },
  };
}

function powerFails(): Fault {
  return {
    text: "lost",
    perform: async (_, machine) => {
      await machine.loseCurrent();
      return "up again";
    },
  };
}

/** Holds a fault for a time, and undoes it, whether it could be begun or not. */
function lasting(
  text: string,
  ms: number,
  begin: (ground: Ground, machine: Machine) => Promise<unknown>,
  end: (ground: Ground, machine: Machine) => Promise<unknown>,
): Fault {
  return {
    text: `${text} for ${ms} ms`,
    perform: async (ground, machine) => {
      // A disk may grow while it is being filled: then this fault was none.
      const flaw = await begin(ground, machine).then(
        () => null,
        (error: unknown) => String(error),
      );
      if (flaw === null) await sleep(ms);
      await end(ground, machine);
      return flaw === null ? "over" : `not done: ${JSON.stringify(flaw.slice(-120))}`;
    },
  };
}

/** With as many bytes nothing is begun any more, and what has begun can be ended. */
const RESERVE = 1_048_576;

function fullLog(choose: Choices): Fault {
  const left = choose.one([0, 1000, RESERVE]);
  const fill = `room=$(df --output=avail -B1 ${LOGS} | tail -n 1)
[ "$room" -le "$1" ] || fallocate -l $((room - $1)) ${LOGS}/filler`;
  let from = 0;
  return lasting(
    `the disk of the audit log: ${left} bytes are left`,
    choose.between(500, 4000),
    async (_, machine) => {
      from = Date.now();
      await machine.script(fill, String(left));
    },
    async ({ story }, machine) => {
      await machine.script(`rm -f ${LOGS}/filler`);
      if (left < RESERVE) story.fullLogs.push({ host: machine.name, from, to: Date.now() });
    },
  );
}

/** The one disk that all hosts share, as if a neighbour had filled it. */
const SHRINK = `used=$(df --output=used -B1 "$DISKS" | tail -n 1)
mount -o "remount,size=$((used + $1))" "$DISKS"`;

function fullDisk(choose: Choices): Fault {
  const left = choose.one([4096, 65_536]);
  return lasting(
    `the disk of everything else: ${left} bytes are left`,
    choose.between(500, 4000),
    async ({ lab }) => await lab.keeper(SHRINK, String(left)),
    async ({ lab }) => await lab.keeper('mount -o remount,size=50% "$DISKS"'),
  );
}

/**
 * CLOCK_MONOTONIC and CLOCK_BOOTTIME of all that users start meanwhile, the helper under sudo included. The time of
 * day is the machine's: no namespace has its own (time_namespaces(7)).
 */
function clockJumps(choose: Choices): Fault {
  const seconds = String(choose.one([-600, 600, 7200, 100_000, 1_000_000]));
  return lasting(
    `monotonic and boot time by ${seconds} s`,
    choose.between(2000, 6000),
    async (_, machine) => {
      machine.wrapped = ["unshare", "--time", "--monotonic", seconds, "--boottime", seconds];
    },
    async (_, machine) => {
      machine.wrapped = [];
    },
  );
}

/** The time of day of what users run themselves: not of the helper's, for sudo lets no such variable through. */
function dateJumps(choose: Choices): Fault {
  const seconds = choose.one([-86_400, -60, 60, 86_400, 400 * 86_400]);
  return lasting(
    `the users' time of day by ${seconds} s`,
    choose.between(2000, 6000),
    async (_, machine) => {
      const jump = `${seconds < 0 ? "" : "+"}${seconds}s`;
      const only = "FAKETIME_DONT_FAKE_MONOTONIC=1";
      machine.variables = [`LD_PRELOAD=${FAKE_TIME}`, `FAKETIME=${jump}`, only];
    },
    async (_, machine) => {
      machine.variables = [];
    },
  );
}

function packetsAreLost(choose: Choices): Fault {
  const percent = choose.between(10, 50);
  const lines = `nft add table inet soak
nft add chain inet soak in '{ type filter hook input priority 0; }'
nft add rule inet soak in iifname host0 numgen random mod 100 '<' "$1" drop`;
  return lasting(
    `${percent} of 100 packets`,
    choose.between(2000, 8000),
    async (_, machine) => await machine.script(lines, String(percent)),
    async (_, machine) =>
      await machine.script(
        "! nft list table inet soak >/dev/null 2>&1 || nft delete table inet soak",
      ),
  );
}

function linkIsDown(choose: Choices): Fault {
  return lasting(
    "the network",
    choose.between(1000, 4000),
    async ({ lab }, { name }) => await lab.keeper('ip link set "$1" down', name),
    async ({ lab }, { name }) => await lab.keeper('ip link set "$1" up', name),
  );
}
