/** What may be wrong with a host, all in one run, over SSH as an operator does it; nobody else is the worse for it. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  arrange,
  arrangeScript,
  describeInLab,
  exec,
  ownHost,
  start,
  type Host,
} from "../lab/host.ts";
import { asOperator, pin, withServers } from "./ssh-place.ts";

type Row = {
  name: string;
  /** Lines for sh(1) that make its place so. */
  lines?: string;
  /** The same, once its server runs. */
  late?: string;
  user?: string;
  state: string;
  reason?: RegExp;
};

const HOME = `cp -a /home/ops /tmp/ops
mount -t tmpfs -o mode=755,uid=1000,gid=1000 none /home/ops
cp -a /tmp/ops/. /home/ops
rm -rf /tmp/ops
`;
const ROWS: Row[] = [
  { name: "fine", state: "installed" },
  {
    name: "dot",
    lines: `useradd --badname -M -d /run/dot -s /bin/bash -G sudo -p "$(getent shadow ops | cut -d: -f2)" dot.ted
install -d -m 755 -o dot.ted /run/dot /run/dot/.ssh
mount -t tmpfs -o mode=755 none /run/dot
install -d -m 700 -o dot.ted /run/dot/.ssh
install -m 600 -o dot.ted /home/ops/.ssh/authorized_keys /run/dot/.ssh/
`,
    user: "dot.ted",
    state: "installed",
  },
  { name: "csh", lines: "usermod -s /bin/tcsh ops\n", state: "installed" },
  { name: "fish", lines: "usermod -s /usr/bin/fish ops\n", state: "installed" },
  {
    name: "slow",
    lines: `${HOME}echo 'sleep 4' | cat - /home/ops/.bashrc >/home/ops/.new
mv /home/ops/.new /home/ops/.bashrc
`,
    state: "installed",
  },
  {
    name: "stale",
    lines: `printf '#1000 ALL=(root) NOPASSWD: /nowhere\\n' >/etc/sudoers.d/zz-sallyport-uid1000
chmod 440 /etc/sudoers.d/zz-sallyport-uid1000
`,
    state: "updated",
  },
  {
    name: "neighbour",
    lines: "echo nonsense >/etc/sudoers.d/other; chmod 440 /etc/sudoers.d/other\n",
    state: "installed",
  },
  {
    name: "full",
    lines: "mount -t tmpfs -o mode=755,size=20m none /usr/local/libexec\n",
    state: "rolled-back",
    reason: /space|full/i,
  },
  {
    name: "fulltmp",
    lines: "mount -t tmpfs -o mode=1777,size=1m none /tmp\n",
    state: "failed",
    reason: /\/tmp is full|No space left/,
  },
  { name: "readonly", late: "mount -o remount,ro /etc", state: "rolled-back", reason: /./ },
  { name: "nosudo", lines: "rm /usr/bin/sudo\n", state: "no-sudo" },
  { name: "notallowed", lines: "gpasswd -d ops sudo >/dev/null\n", state: "no-sudo" },
  { name: "nologin", lines: "usermod -s /usr/sbin/nologin ops\n", state: "failed", reason: /./ },
];

const SEEN = `ls -lA --time-style=full-iso /etc/sudoers.d
cat /etc/sudoers.d/* | sha256sum
visudo -c 2>&1 || :`;
const LEFT = "ls -A /tmp; ls -A /etc/sudoers.d | grep '[.]' || :";
const CHANGED: readonly string[] = ["installed", "updated"];

const PROGRAM = ["/opt/sallyport/sallyport", "bootstrap-cluster-sudo", "-i"];
const INVENTORY = "/home/ops/inventory.yaml";
type End = { name: string; state: string; reason: string };

/** A run with `--json`, and with the password on a descriptor. */
async function run(place: Host, inventory: string, words: readonly string[] = []): Promise<End[]> {
  await exec(place, "ops", ["sh", "-c", 'cat >"$0"', INVENTORY], { input: inventory });
  const argv = [...PROGRAM, INVENTORY, "--json", "--password-fd", "0", ...words];
  const input = "lab-ops-password\n";
  const ended = await exec(place, "ops", argv, { input, timeoutMs: 200_000 });
  expect(ended.stdout, ended.stderr).toMatch(/^\{/);
  return (JSON.parse(ended.stdout) as { data: { hosts: End[] } }).data.hosts;
}

const inventoryOf = (rows: readonly { name: string; user?: string; port: number }[]): string =>
  `all:\n  vars: { ansible_host: 127.0.0.1 }\n  hosts:\n${rows
    .map(
      ({ name, user = "ops", port }) =>
        `    ${name}: { ansible_port: ${port}, ansible_user: ${user} }\n`,
    )
    .join("")}`;

describeInLab("hosts with something wrong", () => {
  test(
    "each has its state and the reason for it, and is left as it was or as it should be",
    { timeout: 300_000 },
    async () => {
      const lines = ROWS.map((row) => row.lines ?? "");
      await withServers(ownHost(), 2400, lines, async (servers) => {
        await asOperator(ownHost(), servers.map(pin), async (place) => {
          for (const [at, { late = ":" }] of ROWS.entries())
            if (servers[at] !== undefined) await arrangeScript(servers[at].place, late);
          const before = await Promise.all(
            servers.map(async (server) => await arrangeScript(server.place, SEEN)),
          );
          const rows = ROWS.map((row, at) => ({ ...row, port: servers[at]?.port ?? 0 }));
          const careless = ["--max-fail", "100", "--serial", "1,100%", "--forks", "3"];
          const ends = await run(place, inventoryOf(rows), careless);
          expect(ends.map(({ name, state }) => `${name} ${state}`)).toEqual(
            ROWS.map(({ name, state }) => `${name} ${state}`),
          );
          for (const [at, { name, state, reason }] of ROWS.entries()) {
            if (reason !== undefined) expect(ends[at]?.reason, name).toMatch(reason);
            const server = servers[at]?.place;
            if (server === undefined) throw new Error("no server");
            expect(await arrangeScript(server, LEFT), name).toBe("");
            const after = await arrangeScript(server, SEEN);
            if (!CHANGED.includes(state)) expect(after, name).toBe(before[at]);
          }
        });
      });
    },
  );

  test(
    "80 ms of delay and 5 % of all packets lost: slower, and nothing else",
    { timeout: 300_000 },
    async () => {
      await withServers(ownHost(), 2430, [""], async (servers) => {
        await asOperator(ownHost(), [], async (place) => {
          const [server] = servers;
          if (server === undefined) throw new Error("no server");
          const known = pin({ ...server, port: 2431 });
          await exec(place, "ops", ["sh", "-c", "cat >/home/ops/.ssh/known_hosts"], {
            input: known,
          });
          await withLoss(place, 2430, async () => {
            await withDelay(place, { port: 2431, server: 2430, seconds: 0.04 }, async () => {
              const ends = await run(place, inventoryOf([{ name: "far", port: 2431 }]));
              expect(ends).toMatchObject([{ name: "far", state: "installed", reason: "" }]);
              const again = await run(place, inventoryOf([{ name: "far", port: 2431 }]));
              expect(again).toMatchObject([{ state: "already-current" }]);
            });
          });
        });
      });
    },
  );

  test(
    "a host that stands still in the middle is given up, and healed by the next run",
    { timeout: 300_000 },
    async () => {
      await withServers(ownHost(), 2440, ["", ""], async (servers) => {
        await asOperator(ownHost(), servers.map(pin), async (place) => {
          const [fine, frozen] = servers;
          if (frozen === undefined || fine === undefined) throw new Error("no servers");
          const inventory = inventoryOf([
            { name: "fine", port: fine.port },
            { name: "frozen", port: frozen.port },
          ]);
          const running = run(place, inventory, ["--max-fail", "9"]);
          try {
            await arrangeScript(
              frozen.place,
              `until ls -d /tmp/sallyport.* >/dev/null 2>&1; do sleep 0.02; done\n${signalAll("STOP")}`,
            );
            const ends = await running;
            expect(ends.map(({ state }) => state)).toEqual(["installed", "failed"]);
            expect(ends[1]?.reason).toMatch(/./);
          } finally {
            await arrangeScript(frozen.place, signalAll("CONT"));
          }
          await arrangeScript(
            frozen.place,
            "while ls -d /tmp/sallyport.* >/dev/null 2>&1; do sleep 0.1; done; visudo -c",
          );
          const next = await run(place, inventory);
          expect(next[0]?.state).toBe("already-current");
          expect(["installed", "already-current"]).toContain(next[1]?.state);
          expect(await arrangeScript(frozen.place, LEFT)).toBe("");
        });
      });
    },
  );
});

/**
 * The sessions of the sshd of a place: those of others have another mount namespace. Not that sshd itself, for
 * nsenter(1), which started it, would stop with it and never go on.
 */
const signalAll = (name: string): string => `for pid in $(pgrep -f '^sshd: ops'); do
  [ "$(readlink /proc/$pid/ns/mnt)" != "$(readlink /proc/self/ns/mnt)" ] || kill -${name} $pid
done
`;

/** Of all packets of one port of 127.0.0.1, in both directions. */
async function withLoss(host: Host, port: number, visit: () => Promise<void>): Promise<void> {
  const rule = (end: string): string => `tcp ${end} ${port} numgen random mod 100 < 5 drop`;
  await arrangeScript(
    host,
    `nft -f - <<'END'
table ip lossy {
  chain input {
    type filter hook input priority 0
    ${rule("dport")}
    ${rule("sport")}
  }
}
END`,
  );
  try {
    await visit();
  } finally {
    await arrange(host, "nft", "delete", "table", "ip", "lossy");
  }
}

const RELAY = readFileSync(join(import.meta.dirname, "relay.pl"), "utf8");
type Line = { port: number; server: number; seconds: number };

/** There is no netem in every kernel, so a process in between holds back what it passes on. */
async function withDelay(host: Host, line: Line, visit: () => Promise<void>): Promise<void> {
  const { port, server, seconds } = line;
  const words = [port, server, seconds].map(String);
  const relay = start(host, "root", ["perl", "-e", RELAY, ...words]);
  const ended = once(relay, "close");
  if (relay.stdout !== null) await once(relay.stdout, "data");
  try {
    await visit();
  } finally {
    relay.stdin?.end();
    await ended;
  }
}
