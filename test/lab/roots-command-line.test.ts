/** With nothing but a build of the repository: a person decides with `sudo sallyport`, and who may change that is told. */
import { expect, test } from "vitest";
import { COMMAND_LINE_NAMES, COMMAND_LINE_PATH } from "../../sudoers/helper-path.ts";
import { NOTHING_SET_UP, inPlace } from "../attack/place.ts";
import { arrange, arrangeScript, describeInLab, exec, ownHost, type Host } from "./host.ts";

const BUILD = "/srv/checkout/dist";
const [LINK] = COMMAND_LINE_NAMES;
const WISH = ["package", "autoremove"];
const input = "lab-ops-password\n";

/** `ops` has built it in a folder of its own; nothing of Sallyport's is on the host. */
async function atNewcomers(visit: (place: Host) => Promise<void>): Promise<void> {
  await inPlace(
    ownHost(),
    `${NOTHING_SET_UP}rm -rf /var/lib/sallyport
mkdir -p ${BUILD}
cp /opt/sallyport/sallyport /opt/sallyport/sallyport-helper ${BUILD}
chown -R ops /srv/checkout
`,
    visit,
  );
}

const asOps = async (place: Host, ...words: string[]) =>
  await exec(place, "ops", ["sudo", "-k", "-S", ...words], { input });
const setUp = async (place: Host) =>
  await asOps(place, `${BUILD}/sallyport`, "setup-sudo", "--user", "agent");
const asAgent = async (place: Host, ...words: string[]) =>
  await exec(place, "agent", [`${BUILD}/sallyport`, ...words]);

describeInLab("root's own command line", () => {
  test("lets a person who has only built the repository decide by its name, once", async () => {
    await atNewcomers(async (place) => {
      const { status, stdout, stderr } = await setUp(place);
      expect(status, stderr).toBe(0);
      expect(stdout).toMatch(/^installed and proven: agent .*`sudo sallyport` is root's own/s);
      expect(stderr).toContain("note: what was copied could have been changed before by others");
      expect((await asAgent(place, "request", ...WISH)).status).toBe(0);
      const pending = await asOps(place, "sallyport", "pending");
      expect(pending.status, pending.stderr).toBe(0);
      const [id = ""] = /[0-9a-f]{32}/.exec(pending.stdout) ?? [];
      const granted = await asOps(place, "sallyport", "approve", "--yes", id);
      expect([granted.status, granted.stdout], granted.stderr).toEqual([0, "granted\n"]);
      const first = await asAgent(place, ...WISH);
      expect(first.status, first.stderr).toBe(0);
      expect((await asAgent(place, ...WISH)).status).toBe(77);
    });
  });

  test("is told of to a person who tries with a program that others could have changed", async () => {
    await atNewcomers(async (place) => {
      const approve = ["approve", "--yes", "0".repeat(32)];
      const before = await asOps(place, `${BUILD}/sallyport`, ...approve);
      expect([before.status, before.stderr]).toEqual([
        71,
        expect.stringContaining(`hint: sudo ${BUILD}/sallyport setup-sudo --user USER`),
      ]);
      await setUp(place);
      const after = await asOps(place, `${BUILD}/sallyport`, ...approve);
      expect([after.status, after.stderr]).toEqual([
        71,
        expect.stringMatching(/hint: sudo sallyport approve --yes .*-- 0{32}\n/),
      ]);
    });
  });

  test("is the program that ran, whatever lies at its path by then", async () => {
    await atNewcomers(async (place) => {
      // The kernel's name of the program survives its path: it is copied under that name.
      const script = `${BUILD}/sallyport setup-sudo --user agent >/srv/said 2>&1 & pid=$!
until [ "$(readlink /proc/$pid/exe)" = ${BUILD}/sallyport ]; do :; done
mv ${BUILD}/sallyport ${BUILD}/was
printf '#!/bin/sh\\necho mine >/srv/mine\\n' >${BUILD}/sallyport; chmod 755 ${BUILD}/sallyport
wait $pid || { cat /srv/said; exit 1; }
cmp ${COMMAND_LINE_PATH} ${BUILD}/was
[ ! -e /srv/mine ]`;
      await arrangeScript(place, script);
    });
  });

  test("stays with the last rule, and goes with it", async () => {
    await atNewcomers(async (place) => {
      await setUp(place);
      await asOps(place, "sallyport", "setup-sudo", "--user", "other");
      await arrange(place, LINK, "setup-sudo", "--user", "agent", "--uninstall");
      expect(await arrange(place, "readlink", LINK)).toBe(`${COMMAND_LINE_PATH}\n`);
      await arrange(place, LINK, "setup-sudo", "--user", "other", "--uninstall");
      await arrangeScript(place, `[ ! -L ${LINK} ]; [ ! -e ${COMMAND_LINE_PATH} ]`);
    });
  });

  test("sets up another user by itself, and finds itself current", async () => {
    await atNewcomers(async (place) => {
      await setUp(place);
      const again = await asOps(place, "sallyport", "setup-sudo", "--user", "agent");
      expect([again.status, again.stdout]).toEqual([0, expect.stringMatching(/^already current/)]);
      expect(again.stderr).not.toContain("could have been changed");
      const status = await asOps(place, "sallyport", "setup-sudo", "--user", "agent", "--status");
      expect(status.stdout).toMatch(/^command line +current /m);
    });
  });

  test("is not put where something else is, and nothing else is changed then", async () => {
    await atNewcomers(async (place) => {
      await arrange(place, "ln", "-s", `${BUILD}/sallyport`, LINK);
      const refused = await setUp(place);
      expect([refused.status, refused.stderr]).toEqual([
        71,
        expect.stringContaining(
          "where `sudo sallyport` looks first there is something that is not ours: /usr/local/sbin/sallyport\nsallyport: hint: ls -l /usr/local/sbin/sallyport",
        ),
      ]);
      expect(await arrange(place, "readlink", LINK)).toBe(`${BUILD}/sallyport\n`);
      await arrangeScript(place, "[ ! -e /usr/local/libexec/sallyport ]; ! ls /etc/sudoers.d/zz-*");
    });
  });

  test("comes before another one of that name in /usr/local/bin", async () => {
    await atNewcomers(async (place) => {
      await arrangeScript(
        place,
        "printf '#!/bin/sh\\necho other\\n' >/usr/local/bin/sallyport; chmod 755 /usr/local/bin/sallyport",
      );
      await setUp(place);
      expect((await asOps(place, "sallyport", "--version")).stdout).toMatch(/^sallyport \d/);
    });
  });

  test("replaces one of another build, and goes back to it where that fails", async () => {
    await atNewcomers(async (place) => {
      await setUp(place);
      await arrangeScript(
        place,
        `printf '#!/bin/sh\\necho old\\n' >/srv/old; cp /srv/old ${COMMAND_LINE_PATH}
echo '#1001 ALL=(ALL) PASSWD: ALL' >/etc/sudoers.d/zzz; chmod 440 /etc/sudoers.d/zzz`,
      );
      expect((await setUp(place)).stderr).toContain("everything is as it was before");
      await arrangeScript(place, `cmp ${COMMAND_LINE_PATH} /srv/old; rm /etc/sudoers.d/zzz`);
      expect((await setUp(place)).stdout).toMatch(/^updated and proven/);
      await arrange(place, "cmp", COMMAND_LINE_PATH, `${BUILD}/sallyport`);
    });
  });
});
