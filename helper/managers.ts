// Decides which words each package manager gets; a name of the policy is always the last one.
// If it were wrong, a manager would ask what nobody answers, or do more than it was told.

type Action = "install" | "remove" | "upgrade" | "update" | "upgradeAll" | "autoclean";
/** Command lines of ours, split at spaces; nothing of a request is ever among them. */
export type Manager = Record<Action | "program", string> & {
  autoremove?: string;
  environment?: Record<string, string>;
  /** What tells the version, and where in its output. */
  installed: [command: string, version: RegExp];
  candidate: [command: string, version: RegExp];
  /** Makes of install, upgrade or remove a dry run, and what in its output is a removal. */
  trial?: [option: string, removal: RegExp];
  /** Prints what an interrupted transaction left; mends it. */
  heal?: [check: string, mend: string];
};

/** Said by a manager whose lock another process holds. */
export const LOCKED = /could not get lock|unable to (?:lock|acquire)|locked by/i;

// apt-get honours operators in names even after `--`, so only literal names of the policy come here.
const CONFFILES = "-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold";
const APT = `/usr/bin/apt-get --quiet --yes -o DPkg::Lock::Timeout=60 ${CONFFILES}`;
const DNF = "/usr/bin/dnf --assumeyes --quiet --setopt=install_weak_deps=False";
const ZYPPER = "/usr/bin/zypper --non-interactive --quiet";
const PACMAN = "/usr/bin/pacman --noconfirm --noprogressbar";
const APK = "/sbin/apk --no-interactive --no-progress --wait 60";
// rpm itself refuses to remove what others need; dnf and zypper would take the others along.
const RPM = { remove: "/usr/bin/rpm --erase --", query: "/usr/bin/rpm -q --qf=%{EVR} --" };

export const MANAGERS: readonly Manager[] = [
  {
    program: "/usr/bin/apt-get",
    environment: {
      DEBIAN_FRONTEND: "noninteractive",
      APT_LISTCHANGES_FRONTEND: "none",
      NEEDRESTART_SUSPEND: "1", // runs interpreters with others' PYTHONPATH (CVE-2024-48990)
    },
    install: `${APT} --no-remove --no-install-recommends install --`,
    remove: `${APT} remove --`,
    upgrade: `${APT} --no-remove --only-upgrade install --`,
    update: `${APT} update`,
    upgradeAll: `${APT} upgrade`,
    autoremove: `${APT} autoremove`,
    autoclean: `${APT} autoclean`,
    installed: ["/usr/bin/apt-cache policy --", /^ {2}Installed: ([^(\s]\S*)/m],
    candidate: ["/usr/bin/apt-cache policy --", /^ {2}Candidate: ([^(\s]\S*)/m],
    trial: ["--simulate", /^(?:Remv|Purg) (\S+)/gm],
    heal: ["/usr/bin/dpkg --audit", "/usr/bin/dpkg --force-confold --configure --pending"],
  },
  {
    program: "/usr/bin/dnf",
    install: `${DNF} install --`,
    remove: RPM.remove,
    upgrade: `${DNF} upgrade --`,
    update: `${DNF} makecache`,
    upgradeAll: `${DNF} upgrade`,
    autoremove: `${DNF} autoremove`,
    autoclean: `${DNF} clean packages`,
    installed: [RPM.query, /^(\d\S*)$/m],
    candidate: ["/usr/bin/dnf --quiet repoquery --latest-limit=1 --qf=%{evr} --", /^(\d\S*)$/m],
  },
  {
    program: "/usr/bin/zypper",
    install: `${ZYPPER} install --no-recommends --`,
    remove: RPM.remove,
    upgrade: `${ZYPPER} update --`,
    update: `${ZYPPER} refresh`,
    upgradeAll: `${ZYPPER} update`,
    autoclean: `${ZYPPER} clean`,
    installed: [RPM.query, /^(\d\S*)$/m],
    candidate: ["/usr/bin/zypper --non-interactive info --", /^Version *: (\S+)/m],
  },
  {
    program: "/usr/bin/pacman",
    install: `${PACMAN} --sync --needed --`,
    remove: `${PACMAN} --remove --`,
    upgrade: `${PACMAN} --sync --needed --`,
    update: `${PACMAN} --sync --refresh`,
    upgradeAll: `${PACMAN} --sync --sysupgrade`,
    autoclean: `${PACMAN} --sync --clean`,
    installed: ["/usr/bin/pacman --query --", /^\S+ (\S+)$/m],
    candidate: ["/usr/bin/pacman --sync --info --", /^Version *: (\S+)/m],
  },
  {
    program: "/sbin/apk",
    install: `${APK} add --`,
    remove: `${APK} del --`,
    upgrade: `${APK} add --upgrade --`,
    update: `${APK} update`,
    upgradeAll: `${APK} upgrade`,
    autoclean: `${APK} cache clean`,
    installed: ["/sbin/apk list --installed --", /^\S+-(\d\S*-r\d+) /m],
    candidate: ["/sbin/apk list --available --", /^\S+-(\d\S*-r\d+) /m],
  },
];
