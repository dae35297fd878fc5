/**
 * dnf, zypper, pacman and apk cannot run here: recording programs in their places show which words they
 * would get, and that their usual output is understood.
 */
import { beforeAll, expect, test } from "vitest";
import { arrange, arrangeScript, describeInLab, ownHost, setUp } from "../lab/host.ts";
import {
  askAll,
  askOnce,
  BUILD_MS,
  buildSiteHelper,
  expectRefusal,
  inPlace,
  OWN_DISKS,
  putSiteHelper,
} from "./place.ts";

type Fake = {
  program: string;
  /** Words after the program for each action; null where there is no such thing. */
  argv: Record<string, string[] | null>;
  /** Program and one of its words, and what it then prints. */
  prints: Record<string, string>;
};

const DNF = "/usr/bin/dnf --assumeyes --quiet --setopt=install_weak_deps=False";
const FAKES: Fake[] = [
  {
    program: "/usr/bin/dnf",
    argv: {
      "install rsync": [`${DNF} install -- rsync`],
      "remove rsync": ["/usr/bin/rpm --erase -- rsync"],
      "upgrade rsync": [`${DNF} upgrade -- rsync`],
      "info rsync": [
        "/usr/bin/dnf --quiet repoquery --latest-limit=1 --qf=%{evr} -- rsync",
        "/usr/bin/rpm -q --qf=%{EVR} -- rsync",
      ],
      update: [`${DNF} makecache`],
      upgrade: [`${DNF} upgrade`],
      autoremove: [`${DNF} autoremove`],
      autoclean: [`${DNF} clean packages`],
    },
    prints: { "dnf repoquery": "1:2.0-1.fc42\n", "rpm -q": "1:1.0-3.fc42" },
  },
  {
    program: "/usr/bin/zypper",
    argv: {
      "install rsync": [
        "/usr/bin/zypper --non-interactive --quiet install --no-recommends -- rsync",
      ],
      "remove rsync": ["/usr/bin/rpm --erase -- rsync"],
      "upgrade rsync": ["/usr/bin/zypper --non-interactive --quiet update -- rsync"],
      "info rsync": [
        "/usr/bin/zypper --non-interactive info -- rsync",
        "/usr/bin/rpm -q --qf=%{EVR} -- rsync",
      ],
      update: ["/usr/bin/zypper --non-interactive --quiet refresh"],
      upgrade: ["/usr/bin/zypper --non-interactive --quiet update"],
      autoremove: null,
      autoclean: ["/usr/bin/zypper --non-interactive --quiet clean"],
    },
    prints: {
      "rpm -q": "1:1.0-3.fc42",
      "zypper info": `Loading repository data...
Reading installed packages...


Information for package rsync:
------------------------------
Repository     : Main Update Repository
Name           : rsync
Version        : 1:2.0-1.fc42
Arch           : x86_64
Vendor         : SUSE LLC <https://www.suse.com/>
Installed Size : 745.5 KiB
Installed      : Yes
Status         : out-of-date (version 1:1.0-3.fc42 installed)
Source package : rsync-2.0-1.src
Summary        : Versatile tool for fast incremental file transfer
`,
    },
  },
  {
    program: "/usr/bin/pacman",
    argv: {
      "install rsync": ["/usr/bin/pacman --noconfirm --noprogressbar -S --needed -- rsync"],
      "remove rsync": ["/usr/bin/pacman --noconfirm --noprogressbar --remove -- rsync"],
      "upgrade rsync": ["/usr/bin/pacman --noconfirm --noprogressbar -S --needed -- rsync"],
      "info rsync": ["/usr/bin/pacman --sync --info -- rsync", "/usr/bin/pacman --query -- rsync"],
      update: ["/usr/bin/pacman --noconfirm --noprogressbar -S --refresh"],
      upgrade: ["/usr/bin/pacman --noconfirm --noprogressbar -S --sysupgrade"],
      autoremove: null,
      autoclean: ["/usr/bin/pacman --noconfirm --noprogressbar -S --clean"],
    },
    prints: {
      "pacman --query": "rsync 1:1.0-3.fc42\n",
      "pacman --info": `Repository      : extra
Name            : rsync
Version         : 1:2.0-1.fc42
Description     : A fast and versatile file copying tool for remote and local files
Architecture    : x86_64
Depends On      : acl  libacl.so=1-64  lz4  openssl  popt  xxhash  zlib  zstd
`,
    },
  },
  {
    program: "/usr/sbin/apk",
    argv: {
      "install rsync": ["/sbin/apk --no-interactive --no-progress --wait 60 add -- rsync"],
      "remove rsync": ["/sbin/apk --no-interactive --no-progress --wait 60 del -- rsync"],
      "upgrade rsync": [
        "/sbin/apk --no-interactive --no-progress --wait 60 add --upgrade -- rsync",
      ],
      "info rsync": ["/sbin/apk list --available -- rsync", "/sbin/apk list --installed -- rsync"],
      update: ["/sbin/apk --no-interactive --no-progress --wait 60 update"],
      upgrade: ["/sbin/apk --no-interactive --no-progress --wait 60 upgrade"],
      autoremove: null,
      autoclean: ["/sbin/apk --no-interactive --no-progress --wait 60 cache clean"],
    },
    prints: {
      "apk --installed": "rsync-1.0.1-r2 x86_64 {rsync} (GPL-3.0-or-later) [installed]\n",
      "apk --available":
        "rsync-2.0.1-r0 x86_64 {rsync} (GPL-3.0-or-later) [upgradable from: rsync-1.0.1-r2]\n",
    },
  },
];

/** Records its words, and prints what the test has put down for one of them. */
const RECORDER = `#!/bin/sh
echo "$0 $*" >>/var/calls
for word; do
  [ ! -e "/var/printed/\${0##*/} $word" ] || exec cat "/var/printed/\${0##*/} $word"
done
`;

function pretended({ program, prints }: Fake): string {
  const files = Object.entries(prints).map(
    ([name, text]) => `printf %s '${text}' >'/var/printed/${name}'\n`,
  );
  return `${OWN_DISKS}rm /usr/bin/apt-get
mkdir /var/printed
${files.join("")}cat >${program} <<'END'
${RECORDER}END
chmod 755 ${program}
[ -e /usr/bin/rpm ] || cp ${program} /usr/bin/rpm
: >/var/calls
`;
}

describeInLab("other package managers, by recording programs in their places", () => {
  beforeAll(buildSiteHelper, BUILD_MS);
  beforeAll(async () => await setUp(ownHost()));

  test.concurrent.each(FAKES)("$program gets exactly the words of its table", async (fake) => {
    await inPlace(ownHost(), pretended(fake), async (place) => {
      putSiteHelper(place);
      for (const [words, expected] of Object.entries(fake.argv)) {
        await arrangeScript(place, ": >/var/calls");
        const { reply } = await askOnce(place, "package", ...words.split(" "));
        const code = expected === null ? "unavailable" : undefined;
        expect(reply.error?.code, `for ${words}`).toBe(code);
        const calls = await arrange(place, "cat", "/var/calls");
        expect(calls, `for ${words}`).toBe((expected ?? []).map((call) => `${call}\n`).join(""));
      }
    });
  });

  test.concurrent.each(FAKES)("what $program prints about versions is understood", async (fake) => {
    await inPlace(ownHost(), pretended(fake), async (place) => {
      const ours = fake.program === "/usr/sbin/apk";
      const [known] = await askAll(place, [["package", "info", "rsync"]]);
      expect(known?.reply.data).toEqual({
        kind: "package",
        name: "rsync",
        manager: fake.program.replace(/^.*\//, ""),
        installed: ours ? "1.0.1-r2" : "1:1.0-3.fc42",
        candidate: ours ? "2.0.1-r0" : "1:2.0-1.fc42",
      });
      await arrangeScript(place, "rm /var/printed/*");
      const [unknown] = await askAll(place, [["package", "info", "rsync"]]);
      expect(unknown?.reply.data).toMatchObject({ installed: null, candidate: null });
    });
  });

  test.concurrent.each([
    "chown agent /usr/bin/dnf",
    "chmod g+w /usr/bin/dnf",
    "mv /usr/bin/dnf /home/agent/dnf; ln -s /home/agent/dnf /usr/bin/dnf",
    "mount -t tmpfs -o mode=777 none /opt; mv /usr/bin/dnf /opt/dnf; ln -s /opt/dnf /usr/bin/dnf",
  ])("a manager that others can change is none: %s", async (flaw) => {
    const [fake] = FAKES;
    if (fake === undefined) throw new Error("no fake");
    const home = "mount -t tmpfs -o uid=1001,mode=755 none /home/agent\n";
    await inPlace(ownHost(), `${pretended(fake)}${home}${flaw}\n`, async (place) => {
      expectRefusal(await askOnce(place, "package", "info", "rsync"), "unavailable");
      expect(await arrange(place, "cat", "/var/calls")).toBe("");
    });
  });
});
