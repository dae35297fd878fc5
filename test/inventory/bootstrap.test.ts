/** The whole of a bootstrap on hosts with the five builds of sudo, but for SSH itself. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { bootstrap, type Plan } from "../../inventory/bootstrap.ts";
import type { HostEnd, HostState } from "../../inventory/host-end.ts";
import { fixedPace } from "../../inventory/forks.ts";
import { arrange, describeInLab, HELPER, ownHost, sudoHosts, type Host } from "../lab/host.ts";
import { sampled } from "../lab/sampled.ts";
import { inPlace, NOTHING_SET_UP } from "../attack/place.ts";
import { directTransport } from "./direct.ts";

const dist = resolve(import.meta.dirname, "../../dist");
const bytes = readFileSync(join(dist, "sallyport-helper"));
const { buildId } = JSON.parse(readFileSync(join(dist, "build.json"), "utf8")) as {
  buildId: string;
};
const sha256 = createHash("sha256").update(bytes).digest("hex");
const build = { sha256, bytes: bytes.length, buildId };
const PASSWORD = "lab-ops-password";
let packed: Buffer | null = null;

type Options = Partial<Omit<Plan, "password">> & { password?: string | null };

async function run(
  hosts: readonly Host[],
  { password = PASSWORD, ...rest }: Options = {},
): Promise<{ ends: HostEnd[]; asked: number }> {
  let asked = 0;
  const targets = hosts.map(({ name, address }) => {
    return {
      name,
      address,
      port: null,
      user: "ops",
      identityFile: null,
      proxy: null,
      offline: null,
      passwordGroup: null,
    };
  });
  const ends = await bootstrap({
    action: "install",
    targets,
    transport: directTransport(new Map(hosts.map((host) => [host.name, host]))),
    build,
    helperPath: HELPER,
    helper: async () => (packed ??= gzipSync(bytes, { level: 1 })),
    user: null,
    serial: [
      { kind: "count", count: 1 },
      { kind: "share", percent: 100 },
    ],
    pace: fixedPace(2),
    maxFail: 1,
    password: async () => {
      asked += 1;
      return password === null ? null : Buffer.from(password);
    },
    phase: () => {},
    ended: () => {},
    stopped: () => false,
    ...rest,
  });
  return { ends, asked };
}

async function inPlaces(
  hosts: readonly Host[],
  visit: (places: Host[]) => Promise<void>,
  places: Host[] = [],
): Promise<void> {
  const [host, ...rest] = hosts;
  if (host === undefined) return await visit(places);
  await inPlace(
    host,
    NOTHING_SET_UP,
    async (place) => await inPlaces(rest, visit, [...places, place]),
  );
}

/** Everything that a run may touch, and what visudo says of it. */
const SEEN = `ls -lA --time-style=full-iso /etc/sudoers.d /usr/local/libexec
cat /etc/sudoers.d/* | sha256sum
visudo -c 2>&1 || :`;
const CHANGED: readonly string[] = ["installed", "updated"];
type Row = {
  name: string;
  lines: string;
  state: HostState;
  reason: RegExp;
  password?: string | null;
};
const STATES: Row[] = [
  {
    name: "who logs in may do nothing as root",
    lines: "gpasswd -d ops sudo >/dev/null",
    state: "no-sudo",
    reason: /not in the sudoers file/,
  },
  { name: "no sudo", lines: "rm /usr/bin/sudo", state: "no-sudo", reason: /no \/usr\/bin\/sudo/ },
  {
    name: "sudo asks, and there is no password",
    lines: "",
    state: "wrong-password",
    reason: /there is none/,
    password: null,
  },
  {
    name: "a full /tmp",
    lines: "mount -t tmpfs -o mode=1777,size=1m none /tmp",
    state: "failed",
    reason: /\/tmp is full|No space left/,
  },
  {
    name: "a read-only /etc",
    lines: "mount -o remount,ro /etc",
    state: "rolled-back",
    reason: /./,
  },
  {
    name: "a later rule that wants a password",
    lines: "echo 'ops ALL=(ALL) PASSWD: ALL' >/etc/sudoers.d/zzzz; chmod 440 /etc/sudoers.d/zzzz",
    state: "rolled-back",
    reason: /^refused/,
  },
  {
    name: "a broken neighbour",
    lines: "echo nonsense >/etc/sudoers.d/other; chmod 440 /etc/sudoers.d/other",
    state: "installed",
    reason: /^$/,
  },
  {
    name: "a stale rule",
    lines: `printf '#1000 ALL=(root) NOPASSWD: /nowhere\\n' >/etc/sudoers.d/zz-sallyport-uid1000
chmod 440 /etc/sudoers.d/zz-sallyport-uid1000`,
    state: "updated",
    reason: /^$/,
  },
  {
    name: "no password is needed",
    lines: "echo 'ops ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/ops; chmod 440 /etc/sudoers.d/ops",
    state: "installed",
    reason: /^$/,
  },
];

const brief = (ends: HostEnd[]) => ends.map(({ name, state, reason }) => [name, state, reason]);

describeInLab("a bootstrap", () => {
  test(
    "installs with every build of sudo; the second run asks for nothing and changes nothing",
    { timeout: 180_000 },
    async () => {
      await inPlaces(sudoHosts(), async (places) => {
        const first = await run(places);
        expect(brief(first.ends)).toEqual(places.map(({ name }) => [name, "installed", ""]));
        const second = await run(places);
        expect(brief(second.ends)).toEqual(places.map(({ name }) => [name, "already-current", ""]));
        expect(second.asked).toBe(0);
        const last = await run(places, { action: "uninstall" });
        expect(brief(last.ends)).toEqual(places.map(({ name }) => [name, "removed", ""]));
      });
    },
  );

  test.concurrent.each(STATES)(
    "$name: $state",
    { timeout: 120_000 },
    async ({ lines, state, reason, password = PASSWORD }) => {
      const host = ownHost();
      await inPlace(host, NOTHING_SET_UP + lines, async (place) => {
        const before = await arrange(place, "sh", "-c", SEEN);
        const { ends } = await run([place], { password });
        expect(ends).toMatchObject([{ state, reason: expect.stringMatching(reason) }]);
        if (!CHANGED.includes(state)) expect(await arrange(place, "sh", "-c", SEEN)).toBe(before);
        expect(
          await arrange(place, "sh", "-c", "ls -A /tmp; ls -A /etc/sudoers.d | grep '[.]' || :"),
        ).toBe("");
      });
    },
  );

  test(
    "another program that has the helper's size is found out by what it answers, and replaced",
    { timeout: 120_000 },
    async () => {
      const lines = `${NOTHING_SET_UP}install -d /usr/local/libexec/sallyport
printf '#!/bin/sh\nexit 0\n' >${HELPER}
truncate -s ${bytes.length} ${HELPER}
chmod 755 ${HELPER}
`;
      await inPlace(ownHost(), lines, async (place) => {
        const checked = await run([place], { action: "check" });
        expect(brief(checked.ends)).toMatchObject([
          [expect.anything(), "needed", "the helper is of another build"],
        ]);
        const { ends } = await run([place]);
        expect(ends).toMatchObject([{ state: "installed", reason: "" }]);
        expect(ends[0]?.sentBytes).toBeGreaterThan(1e7);
        expect(await arrange(place, "sha256sum", HELPER)).toContain(sha256);
        const again = await run([place]);
        expect(again.ends).toMatchObject([{ state: "already-current", sentBytes: 0 }]);
      });
    },
  );

  test("a check tells which sudo a host has, and asks for no password", async () => {
    await inPlaces(sudoHosts(), async (places) => {
      const { ends, asked } = await run(places, { action: "check" });
      expect(asked).toBe(0);
      expect(ends.map(({ state }) => state)).toEqual(places.map(() => "needed"));
      expect(ends.map(({ sudo }) => sudo)).toEqual([
        expect.stringMatching(/^Sudo version 1\.9\.13/),
        expect.stringMatching(/^Sudo version 1\.9\.16/),
        expect.stringMatching(/^Sudo version 1\.9\.17/),
        expect.stringMatching(/^sudo-rs 0\.2\.5/),
        expect.stringMatching(/^sudo-rs 0\.2\.15/),
      ]);
    });
  });

  test(
    "I09: the password is nowhere but on sudo's standard input",
    { timeout: 120_000 },
    async () => {
      await inPlaces(sudoHosts(), async (places) => {
        const events: HostEnd[] = [];
        const seen = sampled(PASSWORD);
        const { ends } = await run(places, { ended: (end) => events.push(end) });
        expect(await seen()).toEqual({ samples: expect.any(Number), found: [] });
        expect(JSON.stringify([ends, events])).not.toContain(PASSWORD);
        for (const place of places) {
          const kept =
            "grep -rlF -- lab-ops-password /etc/sudoers.d /usr/local /tmp /var/log /run/sallyport /var/lib/sudo /run/sudo 2>/dev/null || :";
          expect(await arrange(place, "sh", "-c", kept)).toBe("");
        }
      });
    },
  );

  test(
    "a wrong password is given once, on one host, and no other host is begun",
    { timeout: 180_000 },
    async () => {
      await inPlaces(sudoHosts(), async (places) => {
        const { ends } = await run(places, { password: "wrong" });
        expect(ends.map(({ state }) => state)).toEqual([
          "wrong-password",
          "not-done",
          "not-done",
          "not-done",
          "not-done",
        ]);
      });
    },
  );
});
