/**
 * What package actions really do, on Debian's own apt and dpkg with packages that each behave badly in one
 * known way (scripts/hosts/repo.sh). The other package managers cannot run here: recording programs in
 * their places show which words they would get, and that their usual output is understood.
 */
import { beforeAll, expect, test } from "vitest";
import { arrange, arrangeScript, describeInLab, exec, ownHost, setUp } from "../lab/host.ts";
import { HELPER, type Host } from "../lab/host.ts";
import {
  answerIn,
  askOnce,
  BUILD_MS,
  buildSiteHelper,
  expectRefusal,
  inPlace,
  OWN_DISKS,
  putSiteHelper,
  withCurl2,
} from "./place.ts";

const QUIET = ">/dev/null 2>&1 </dev/null";
const apt = (words: string): string => `apt-get -qq -y ${words} ${QUIET}\n`;

/** Never ends at first, nor do its children: one in another session, one deaf, two without a mark. */
const HANG = `[ ! -e /var/go ] || exit 0
setsid sleep 6001 &
(trap '' TERM HUP; while :; do sleep 6002; done) &
env -i setsid sleep 6003 &
cp /usr/bin/sleep '/var/x ) R 1 2 ('
env -i setsid '/var/x ) R 1 2 (' 6005 &
exec sleep 6004`;

/** Runs a program, and says on stderr how much memory it held at most, in KiB (proc(5), of itself alone). */
const PEAK = String.raw`
my $child = fork;
exec @ARGV unless $child;
my $peak = 0;
until (waitpid($child, 1)) {
  if (open my $status, "<", "/proc/$child/status") { /^VmHWM:\s+(\d+)/ and $peak = $1 for <$status> }
  select undef, undef, undef, 0.005;
}
print STDERR $peak;
exit $? >> 8;
`;

/** What dpkg 1.21 leaves of htop where it is killed in the first milliseconds of unpacking it. */
const TORN = `dpkg --purge --force-all htop ${QUIET}
cat >>/var/lib/dpkg/status <<'END'
Package: htop
Status: install reinstreq half-installed
Priority: optional
Section: misc
Architecture: all
Version: 1.1

END
`;

async function versions(place: Host, ...names: string[]): Promise<Record<string, string | null>> {
  const script = `for name; do dpkg-query -W -f '\${Package}=\${db:Status-Abbrev}\${Version}\\n' "$name" || :; done`;
  const { stdout } = await exec(place, "root", ["sh", "-c", script, "sh", ...names]);
  const installed = [...stdout.matchAll(/^(\S+)=ii (\S+)$/gm)].map(([, name, version]) => [
    name,
    version,
  ]);
  return {
    ...Object.fromEntries(names.map((name) => [name, null])),
    ...Object.fromEntries(installed),
  };
}

describeInLab("packages", () => {
  let host: Host;
  beforeAll(buildSiteHelper, BUILD_MS);
  beforeAll(async () => {
    host = ownHost();
    await setUp(host);
  });

  test.concurrent("P08: an installation that would remove another package is refused", async () => {
    await inPlace(host, OWN_DISKS + apt("install htop"), async (place) => {
      const answer = await askOnce(place, "package", "install", "ufw");
      expect(answer.reply, `in ${answer.stdout}`).toMatchObject({ success: false });
      expect(await versions(place, "htop", "ufw")).toEqual({ htop: "1.1", ufw: null });
      expect(await arrange(place, "dpkg", "--audit")).toBe("");
    });
  });

  test.concurrent("P08: a removal that would take another package along is refused", async () => {
    await inPlace(host, OWN_DISKS + apt("install depends-on-git"), async (place) => {
      const answer = await askOnce(place, "package", "remove", "git");
      expectRefusal(answer, "not_allowed", /^would also remove depends-on-git$/);
      expect(await versions(place, "git", "depends-on-git")).toEqual({
        git: "1.0",
        "depends-on-git": "1.0",
      });
    });
  });

  test.concurrent("P07: a package whose configuration fails does not stand in the way of what follows", async () => {
    await inPlace(host, OWN_DISKS, async (place) => {
      const failed = await askOnce(place, "package", "install", "snapd");
      expect(failed.status).toBe(1);
      expect(failed.reply).toMatchObject({
        exitCode: 100,
        stdout: expect.stringContaining("snapd: this always fails"),
        error: { code: "failed", message: "the program failed: exit code 100" },
      });
      expect(await arrange(place, "dpkg", "--audit")).toContain("snapd");
      const removed = await askOnce(place, "package", "remove", "snapd");
      expect(removed.reply, `in ${removed.stdout}`).toMatchObject({ success: true });
      expect(await arrange(place, "dpkg", "--audit")).toBe("");
      const next = await askOnce(place, "package", "install", "htop");
      expect(next.reply).toMatchObject({ success: true, exitCode: 0 });
    });
  });

  test.concurrent("P07: what a dpkg that was killed has written down aside, and its audit does not tell, is mended by the next call", async () => {
    const aside =
      "awk -v RS= '/^Package: htop\\n/' /var/lib/dpkg/status >/var/lib/dpkg/updates/0000\n";
    await inPlace(host, OWN_DISKS + apt("install htop") + aside, async (place) => {
      expect(await arrange(place, "dpkg", "--audit")).toBe("");
      const blocked = await exec(place, "root", ["apt-get", "check"]);
      expect(blocked.stderr).toContain("dpkg was interrupted");
      const answer = await askOnce(place, "package", "install", "curl");
      expect(answer.reply, `in ${answer.stdout}`).toMatchObject({ success: true });
      expect(await versions(place, "curl", "htop")).toEqual({ curl: "1.0", htop: "1.1" });
      await arrange(place, "apt-get", "check");
    });
  });

  test.concurrent("P07: what an interrupted transaction has left is mended by the next call", async () => {
    const interrupted = `${OWN_DISKS}dpkg --unpack /srv/repo/libcurl-lab_1.0_all.deb ${QUIET}\n`;
    await inPlace(host, interrupted, async (place) => {
      expect(await arrange(place, "dpkg", "--audit")).toContain("libcurl-lab");
      const answer = await askOnce(place, "package", "install", "htop");
      expect(answer.reply, `in ${answer.stdout}`).toMatchObject({ success: true });
      expect(await arrange(place, "dpkg", "--audit")).toBe("");
      expect(await versions(place, "libcurl-lab", "htop")).toEqual({
        "libcurl-lab": "1.0",
        htop: "1.1",
      });
    });
  });

  test.concurrent("P07: a package over which dpkg was killed as it began to unpack is installed once more, or removed", async () => {
    await inPlace(host, OWN_DISKS, async (place) => {
      for (const [action, then] of [
        ["install", "1.1"],
        ["upgrade", "1.1"],
        ["remove", null],
      ] as const) {
        await arrangeScript(place, TORN);
        expect(await arrange(place, "dpkg", "--audit")).toContain("htop");
        const { reply, stdout } = await askOnce(place, "package", action, "htop");
        expect(reply, `in ${stdout}`).toMatchObject({ success: true });
        expect(await versions(place, "htop")).toEqual({ htop: then });
        expect(await arrange(place, "dpkg", "--audit")).toBe("");
      }
    });
  });

  test.concurrent("P06: a question of a package, and a changed conffile, end without an answer", async () => {
    const changed = `${apt("install trash-cli=1.0")}echo 'setting = mine' >/etc/trash-cli.conf\n`;
    await inPlace(host, OWN_DISKS + changed, async (place) => {
      const asks = await askOnce(place, "package", "install", "caddy");
      expect(asks.reply, `in ${asks.stdout}`).toMatchObject({ success: true });
      expect(asks.reply.stdout).toContain("caddy: no answer, keeping the default");
      const upgraded = await askOnce(place, "package", "upgrade", "trash-cli");
      expect(upgraded.reply, `in ${upgraded.stdout}`).toMatchObject({ success: true });
      expect(await versions(place, "caddy", "trash-cli")).toEqual({
        caddy: "1.0",
        "trash-cli": "1.1",
      });
      expect(await arrange(place, "cat", "/etc/trash-cli.conf")).toBe("setting = mine\n");
    });
  });

  test.concurrent("P05: no variable of the caller reaches apt, not even without sudo", async () => {
    const evil = `cat >/var/evil.conf <<'END'
APT::Update::Pre-Invoke { "touch /var/executed"; };
END
cat >/etc/apt/apt.conf.d/99environment <<'END'
APT::Update::Pre-Invoke { "cat /proc/$PPID/environ >/var/environment"; };
END
chmod 644 /var/evil.conf
`;
    const hostile = [
      "APT_CONFIG=/var/evil.conf",
      "APT_LISTCHANGES_FRONTEND=pager",
      "BASH_ENV=/var/evil.conf",
      "DEBCONF_DB_OVERRIDE=File{/var/evil.conf}",
      "DEBIAN_FRONTEND=readline",
      "DPKG_ROOT=/var",
      "IFS=/",
      "LANG=tlh",
      "NEEDRESTART_MODE=i",
      "PATH=/var:/usr/bin:/bin",
      "PERL5OPT=-MEvil",
      "PYTHONPATH=/var",
      "SALLYPORT_REQUEST=forged",
      "SYSTEMD_PAGER=/var/evil",
      "TERM=x",
    ];
    await inPlace(host, OWN_DISKS + evil, async (place) => {
      await arrange(place, "env", "APT_CONFIG=/var/evil.conf", "apt-get", "-qq", "update");
      await arrange(place, "rm", "/var/executed", "/var/environment"); // so it would have been executed
      for (const words of [
        [HELPER],
        ["setpriv", "--reuid=agent", "--clear-groups", "/usr/bin/sudo", "-n", HELPER],
      ]) {
        const argv = ["env", ...hostile, "PATH=/usr/bin", ...words, "package", "update"];
        const { reply } = answerIn(await exec(place, "root", argv));
        expect(reply.success).toBe(true);
        expect(await arrange(place, "ls", "/var")).not.toContain("executed");
        const environment = (await arrange(place, "cat", "/var/environment"))
          .split("\0")
          .toSorted();
        expect(environment).toEqual([
          "",
          "APT_LISTCHANGES_FRONTEND=none",
          "DEBIAN_FRONTEND=noninteractive",
          "LANG=C.UTF-8",
          "LC_ALL=C.UTF-8",
          "NEEDRESTART_SUSPEND=1",
          "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
          `SALLYPORT_REQUEST=${reply.requestId}`,
          "SYSTEMD_COLORS=0",
          "SYSTEMD_PAGER=cat",
          "SYSTEMD_PAGERSECURE=1",
        ]);
      }
    });
  });

  test.concurrent("install, upgrade, remove and info do what they say, in typed data", async () => {
    await inPlace(host, OWN_DISKS, async (place) => {
      const info = async (name: string) =>
        (await askOnce(place, "package", "info", name)).reply.data;
      const htop = { kind: "package", name: "htop", manager: "apt-get" };
      expect(await info("htop")).toEqual({ ...htop, installed: null, candidate: "1.1" });

      const kept = await askOnce(place, "package", "upgrade", "htop");
      expect(kept.reply.success, "to upgrade is not to install").toBe(true);
      expect(await versions(place, "htop")).toEqual({ htop: null });

      await arrangeScript(place, apt("install htop=1.0"));
      expect(await info("htop")).toEqual({ ...htop, installed: "1.0", candidate: "1.1" });
      expect((await askOnce(place, "package", "upgrade", "htop")).reply.success).toBe(true);
      expect(await info("htop")).toEqual({ ...htop, installed: "1.1", candidate: "1.1" });

      expect((await askOnce(place, "package", "remove", "htop")).reply.success).toBe(true);
      expect(await versions(place, "htop")).toEqual({ htop: null });
      expect((await askOnce(place, "package", "install", "curl")).reply.success).toBe(true);
      expect(await versions(place, "curl", "libcurl-lab")).toEqual({
        curl: "1.0",
        "libcurl-lab": "1.0",
      });
    });
  });

  test.concurrent("info of a package that no source knows is an answer: no versions", async () => {
    const empty = "rm -r /srv/repo/*; : >/srv/repo/Packages; apt-get -qq update\n";
    await inPlace(host, OWN_DISKS + empty, async (place) => {
      const { reply } = await askOnce(place, "package", "info", "rsync");
      expect(reply).toMatchObject({ success: true, data: { installed: null, candidate: null } });
      const missing = await askOnce(place, "package", "install", "rsync");
      expect(missing.reply).toMatchObject({ exitCode: 100, error: { code: "failed" } });
    });
  });

  test.concurrent("update and autoclean; a daemon that holds the output open is not waited for", async () => {
    const daemons = `setsid sleep 60 &\n`;
    const hook = `echo 'DPkg::Post-Invoke { "setsid sleep 60 &"; };' >/etc/apt/apt.conf.d/99hook\n`;
    await inPlace(host, OWN_DISKS + withCurl2(daemons) + hook, async (place) => {
      await arrangeScript(place, "rm -r /var/lib/apt/lists/*");
      const before = await askOnce(place, "package", "info", "curl");
      expect(before.reply.data).toMatchObject({ candidate: null });
      expect((await askOnce(place, "package", "update")).reply.success).toBe(true);
      const after = await askOnce(place, "package", "info", "curl");
      expect(after.reply.data).toMatchObject({ candidate: "2.0" });
      const installed = await askOnce(place, "package", "install", "curl");
      expect(installed.reply, `in ${installed.stdout}`).toMatchObject({ success: true });
      expect(installed.reply.durationMs).toBeLessThan(20_000);
      const daemon = `SALLYPORT_REQUEST=${installed.reply.requestId}`;
      const left = await arrangeScript(
        place,
        `grep -lsz '^${daemon}$' /proc/[0-9]*/environ | cut -d/ -f3`,
      );
      expect(left.trim().split("\n"), "both are still there").toHaveLength(2);
      await arrange(place, "kill", ...left.trim().split("\n"));

      const old = "/var/cache/apt/archives/curl_0.1_all.deb";
      await arrange(place, "cp", "/srv/repo/htop_1.0_all.deb", old);
      expect((await askOnce(place, "package", "autoclean")).reply.success).toBe(true);
      expect((await exec(place, "root", ["test", "-e", old])).status).toBe(1);
    });
  });

  test.concurrent("5 MB of output are cut in the middle, in little memory, and are a success", async () => {
    // Under load apt itself loses the end of what a postinst prints, so the last line is its own hook's.
    const hook = `echo 'DPkg::Post-Invoke { "echo the last line"; };' >/etc/apt/apt.conf.d/99hook\n`;
    await inPlace(host, OWN_DISKS + hook, async (place) => {
      putSiteHelper(place);
      const argv = ["perl", "-e", PEAK, HELPER, "package", "install", "docker.io"];
      const ended = await exec(place, "root", argv);
      const { reply } = answerIn(ended);
      expect(reply).toMatchObject({ success: true, exitCode: 0, truncated: true });
      expect(reply.stdout).toMatch(/^Reading package lists/);
      expect(reply.stdout).toContain("docker.io: first line");
      expect(reply.stdout).toMatch(/\n\[\d{7} bytes left out\]\n/);
      expect(reply.stdout).toMatch(/the last line\n$/);
      expect(reply.stdout.length).toBeLessThan(70_000);
      expect(Number(ended.stderr), "it was measured").toBeGreaterThan(30 * 1024);
      expect(Number(ended.stderr), "peak memory in KiB").toBeLessThanOrEqual(90 * 1024);
    });
  });

  test.concurrent("V07: a package that never ends is wholly stopped at the deadline, whatever its processes are called", async () => {
    const hangs = `${OWN_DISKS}${withCurl2(HANG)}apt-get -qq update\n`;
    await inPlace(host, hangs, async (place) => {
      putSiteHelper(place);
      const answer = await askOnce(place, "package", "install", "curl");
      expect(answer.status, `in ${answer.stdout}`).toBe(124);
      const mark = `SALLYPORT_REQUEST=${answer.reply.requestId}`;
      expect(await arrangeScript(place, `grep -lsz '^${mark}$' /proc/[0-9]*/environ || :`)).toBe(
        "",
      );
      expect(await arrangeScript(place, "pgrep -fa ' 600[1-5]$' || :")).toBe("");
      await arrange(place, "touch", "/var/go");
      // One that takes no time of its own: the deadline of SITE is this call's, too.
      const next = await askOnce(place, "package", "install", "docker.io");
      expect(next.reply, `in ${next.stdout}`).toMatchObject({ success: true });
      expect(await arrange(place, "dpkg", "--audit")).toBe("");
      expect(await versions(place, "curl")).toEqual({ curl: "2.0" });
    });
  }, 90_000);

  test.concurrent("upgrade and autoremove of the whole system, where a site allows them", async () => {
    const lines = `${apt("install htop=1.0 curl")}${apt("remove curl")}`;
    await inPlace(host, OWN_DISKS + lines, async (place) => {
      putSiteHelper(place);
      expect((await askOnce(place, "package", "upgrade")).reply.success).toBe(true);
      expect((await askOnce(place, "package", "autoremove")).reply.success).toBe(true);
      expect(await versions(place, "htop", "libcurl-lab")).toEqual({
        htop: "1.1",
        "libcurl-lab": null,
      });
    });
  });
});
