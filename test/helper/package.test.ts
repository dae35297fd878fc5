/** What each package manager is told, and what is read out of its words, without one. */
import { describe, expect, test } from "vitest";
import { commandFor, LOCKED, MANAGERS, type Manager } from "../../helper/package.ts";

const APT =
  "/usr/bin/apt-get --quiet --yes -o DPkg::Lock::Timeout=60 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold";
const DNF = "/usr/bin/dnf --assumeyes --quiet --setopt=install_weak_deps=False";
const ZYPPER = "/usr/bin/zypper --non-interactive --quiet";
const PACMAN = "/usr/bin/pacman --noconfirm --noprogressbar";
const APK = "/sbin/apk --no-interactive --no-progress --wait 60";
const ERASE = "/usr/bin/rpm --erase";

const ACTIONS = [
  ..."install remove upgrade".split(" "),
  ..."update upgrade autoclean autoremove".split(" ").map((action) => `${action} all`),
];

/** In the order of ACTIONS. */
const TOLD: [name: string, commands: (string | null)[]][] = [
  [
    "apt-get",
    [
      `${APT} --no-remove --no-install-recommends install`,
      `${APT} -o Dpkg::Options::=--force-remove-reinstreq remove`,
      `${APT} --no-remove --only-upgrade install`,
      `${APT} update`,
      `${APT} upgrade`,
      `${APT} autoclean`,
      `${APT} autoremove`,
    ],
  ],
  [
    "dnf",
    [
      `${DNF} install`,
      ERASE,
      `${DNF} upgrade`,
      `${DNF} makecache`,
      `${DNF} upgrade`,
      `${DNF} clean packages`,
      `${DNF} autoremove`,
    ],
  ],
  [
    "zypper",
    [
      `${ZYPPER} install --no-recommends`,
      ERASE,
      `${ZYPPER} update`,
      `${ZYPPER} refresh`,
      `${ZYPPER} update`,
      `${ZYPPER} clean`,
      null,
    ],
  ],
  [
    "pacman",
    [
      `${PACMAN} -S --needed`,
      `${PACMAN} --remove`,
      `${PACMAN} -S --needed`,
      `${PACMAN} -S --refresh`,
      `${PACMAN} -S --sysupgrade`,
      `${PACMAN} -S --clean`,
      null,
    ],
  ],
  [
    "apk",
    [
      `${APK} add`,
      `${APK} del`,
      `${APK} add --upgrade`,
      `${APK} update`,
      `${APK} upgrade`,
      `${APK} cache clean`,
      null,
    ],
  ],
];

const manager = (name: string): Manager => {
  const found = MANAGERS.find(({ program }) => program.split(" ")[0]?.endsWith(`/${name}`));
  if (found === undefined) throw new Error(name);
  return found;
};

test("these managers are known, apt-get first", () => {
  expect(MANAGERS.map(({ program }) => program)).toEqual([APT, DNF, ZYPPER, PACMAN, APK]);
});

describe.each(TOLD)("%s", (name, commands) => {
  test("is told exactly this", () => {
    expect(ACTIONS.map((action) => commandFor(manager(name), action))).toEqual(commands);
  });

  test("knows no other action", () => {
    for (const action of ["info", "", "purge", "install all", "all"])
      expect(commandFor(manager(name), action)).toBeNull();
  });
});

test("only apt-get needs an environment, a dry run and mending", () => {
  const [apt, ...others] = MANAGERS;
  expect(apt?.environment).toEqual({
    DEBIAN_FRONTEND: "noninteractive",
    APT_LISTCHANGES_FRONTEND: "none",
    NEEDRESTART_SUSPEND: "1",
  });
  const [dry, , flag] = apt?.trial ?? [];
  expect([dry, flag]).toEqual(["--simulate", "/usr/bin/dpkg-query -Wf ${db:Status-Eflag}"]);
  expect(apt?.heal).toBe("/usr/bin/dpkg --force-confold --configure --pending");
  for (const { environment, trial, heal } of others)
    expect([environment, trial, heal]).toEqual([undefined, undefined, undefined]);
});

test("a dry run's removals are found, each of them, and nothing else", () => {
  const said = `NOTE: Remv is only a word here
Remv sudo [1.9.13p3-1+deb12u1]
Inst curl (7.88.1 Debian:12/stable [amd64])
Purg libx-y+z [1.0]
Conf curl (7.88.1 Debian:12/stable [amd64])
`;
  const [, removal = /$^/] = manager("apt-get").trial ?? [];
  expect([...said.matchAll(removal)].map(([, name]) => name)).toEqual(["sudo", "libx-y+z"]);
});

const POLICY = (installed: string, candidate: string): string =>
  `curl:\n  Installed: ${installed}\n  Candidate: ${candidate}\n  Version table:\n     7.0 500\n`;

/** What a manager prints, and the versions in it. */
const READ: [string, "installed" | "candidate", string, string, string | null][] = [
  ["apt-get", "installed", "/usr/bin/apt-cache policy", POLICY("7.88.1-10", "9"), "7.88.1-10"],
  ["apt-get", "installed", "/usr/bin/apt-cache policy", POLICY("(none)", "9"), null],
  ["apt-get", "candidate", "/usr/bin/apt-cache policy", POLICY("7", "1:9.0~rc"), "1:9.0~rc"],
  ["apt-get", "candidate", "/usr/bin/apt-cache policy", POLICY("7", "(none)"), null],
  ["dnf", "installed", "/usr/bin/rpm -q --qf=%{EVR}", "1:1.0-3.fc42", "1:1.0-3.fc42"],
  ["dnf", "installed", "/usr/bin/rpm -q --qf=%{EVR}", "package x is not installed\n", null],
  [
    "dnf",
    "candidate",
    "/usr/bin/dnf --quiet repoquery --latest-limit=1 --qf=%{evr}",
    "Last check 3 days ago\n1:2.0-1.fc42\n",
    "1:2.0-1.fc42",
  ],
  ["zypper", "installed", "/usr/bin/rpm -q --qf=%{EVR}", "10.1-2", "10.1-2"],
  [
    "zypper",
    "candidate",
    "/usr/bin/zypper --non-interactive info",
    "Repository     : x\nVersion        : 3.2.7-1.1\nArch           : y\n",
    "3.2.7-1.1",
  ],
  ["pacman", "installed", "/usr/bin/pacman --query", "rsync 3.4.1-2\n", "3.4.1-2"],
  ["pacman", "installed", "/usr/bin/pacman --query", "error: package 'x' was not found\n", null],
  [
    "pacman",
    "candidate",
    "/usr/bin/pacman --sync --info",
    "Name            : rsync\nVersion         : 3.4.2-1\n",
    "3.4.2-1",
  ],
  [
    "apk",
    "installed",
    "/sbin/apk list --installed",
    "rsync-3.4.0-r10 x86_64 {rsync} (GPL) [installed]\n",
    "3.4.0-r10",
  ],
  ["apk", "candidate", "/sbin/apk list --available", "py3-x-1.0-r10 noarch {x} (MIT)\n", "1.0-r10"],
];

test.each(READ)("%s: %s is asked by %j", (name, which, command, said, version) => {
  const [asked, pattern] = manager(name)[which];
  expect(asked).toBe(command);
  expect(pattern.exec(said)?.[1] ?? null).toBe(version);
});

/** What a source or a package says of itself stands elsewhere in a line, or beside other words. */
test.each([
  ["apt-get", "installed", "curl:   Installed: 9\n"],
  ["apt-get", "candidate", "curl:   Candidate: 9\n"],
  ["dnf", "installed", "warning: 1.0\n"],
  ["dnf", "installed", "1.0 (unsigned)\n"],
  ["dnf", "candidate", "cache of 1.0\n"],
  ["dnf", "candidate", "1.0 of two\n"],
  ["zypper", "candidate", "Old Version : 1.0\n"],
  ["pacman", "candidate", "Old Version : 1.0\n"],
  ["apk", "installed", " x-1.0-r0 noarch\n"],
  ["apk", "candidate", " x-1.0-r0 noarch\n"],
] as const)("%s: no %s version is read out of %j", (name, which, said) => {
  expect(manager(name)[which][1].exec(said)).toBeNull();
});

test.each([
  ["E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1 (apt)", true],
  ["E: Unable to acquire the dpkg frontend lock", true],
  ["error: failed to init transaction (unable to lock database)", true],
  ["System management is locked by the application with pid 1 (zypper).", true],
  ["E: Unable to locate package x", false],
  ["dpkg: error: clock is wrong", false],
])("%j says that another process holds a lock: %j", (said, locked) => {
  expect(LOCKED.test(said)).toBe(locked);
});
