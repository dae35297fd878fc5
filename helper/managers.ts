// Decides which words each package manager gets; a name of the policy is always the last one.
// If it were wrong, a manager would ask what nobody answers, or do more than it was told.

/** Command lines of ours, split at spaces; nothing of a request is ever among them. */
export type Manager = {
  program: string;
  environment?: Record<string, string>;
  /** Before every action that changes something. */
  options: string;
  install: string;
  remove: string;
  upgrade: string;
  update: string;
  upgradeAll: string;
  autoremove: string | null;
  autoclean: string;
  /** What tells the version, and where in its output. */
  installed: [command: string, version: RegExp];
  candidate: [command: string, version: RegExp];
  /** A dry run, before what concerns one package, and what in its output is a removal. */
  trial?: [option: string, removal: RegExp];
  /** A command that fails where removing would take others along. */
  tryRemove?: string;
  /** Prints what an interrupted transaction left; mends it. */
  heal?: [check: string, mend: string];
};

/** Said by a manager whose lock another process holds. */
export const LOCKED = /could not get lock|unable to (?:lock|acquire)|is locked by/i;

const RPM = "/usr/bin/rpm --query --queryformat=%{VERSION}-%{RELEASE} --";
const RPM_TEST = "/usr/bin/rpm --erase --test --";
const CONFFILES = "-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold";

export const MANAGERS: readonly Manager[] = [
  {
    program: "/usr/bin/apt-get", // honours operators even after `--`: only literal names come here
    environment: {
      DEBIAN_FRONTEND: "noninteractive",
      APT_LISTCHANGES_FRONTEND: "none",
      NEEDRESTART_SUSPEND: "1", // runs interpreters with others' PYTHONPATH (CVE-2024-48990)
    },
    options: `--quiet --yes -o DPkg::Lock::Timeout=60 ${CONFFILES}`,
    install: "--no-remove --no-install-recommends install --",
    remove: "remove --",
    upgrade: "--no-remove --only-upgrade install --",
    update: "update",
    upgradeAll: "upgrade",
    autoremove: "autoremove",
    autoclean: "autoclean",
    installed: ["/usr/bin/apt-cache policy --", /^ {2}Installed: ([^(\s]\S*)/m],
    candidate: ["/usr/bin/apt-cache policy --", /^ {2}Candidate: ([^(\s]\S*)/m],
    trial: ["--simulate", /^(?:Remv|Purg) (\S+)/gm],
    heal: [
      "/usr/bin/dpkg --audit",
      "/usr/bin/dpkg --force-confdef --force-confold --configure --pending",
    ],
  },
  {
    program: "/usr/bin/dnf",
    options: "--assumeyes --quiet --setopt=install_weak_deps=False",
    install: "install --",
    remove: "remove --noautoremove --",
    upgrade: "upgrade --",
    update: "makecache",
    upgradeAll: "upgrade",
    autoremove: "autoremove",
    autoclean: "clean packages",
    installed: [RPM, /^(\d\S*)$/m],
    candidate: [
      "/usr/bin/dnf --quiet repoquery --latest-limit=1 --queryformat=%{version}-%{release} --",
      /^(\d\S*)$/m,
    ],
    tryRemove: RPM_TEST,
  },
  {
    program: "/usr/bin/zypper",
    options: "--non-interactive --quiet",
    install: "install --no-recommends --",
    remove: "remove --no-clean-deps --",
    upgrade: "update --",
    update: "refresh",
    upgradeAll: "update",
    autoremove: null,
    autoclean: "clean",
    installed: [RPM, /^(\d\S*)$/m],
    candidate: ["/usr/bin/zypper --non-interactive info --", /^Version *: (\S+)/m],
    tryRemove: RPM_TEST,
  },
  {
    program: "/usr/bin/pacman",
    options: "--noconfirm --noprogressbar",
    install: "--sync --needed --",
    remove: "--remove --",
    upgrade: "--sync --needed --",
    update: "--sync --refresh",
    upgradeAll: "--sync --sysupgrade",
    autoremove: null,
    autoclean: "--sync --clean",
    installed: ["/usr/bin/pacman --query --", /^\S+ (\S+)$/m],
    candidate: ["/usr/bin/pacman --sync --info --", /^Version *: (\S+)/m],
  },
  {
    program: "/sbin/apk",
    options: "--no-interactive --no-progress --wait 60",
    install: "add --",
    remove: "del --",
    upgrade: "add --upgrade --",
    update: "update",
    upgradeAll: "upgrade",
    autoremove: null,
    autoclean: "cache clean",
    installed: ["/sbin/apk list --installed --", /^\S+-(\d\S*-r\d+) /m],
    candidate: ["/sbin/apk list --available --", /^\S+-(\d\S*-r\d+) /m],
  },
];
