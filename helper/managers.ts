// Decides which words each package manager gets; a name of the policy is always the last one.
// If it were wrong, a manager would ask what nobody answers, or do more than it was told.

/** Command lines of ours, split at spaces; nothing of a request is ever among them. */
export type Manager = {
  /** Its path, and the options of every change. */
  program: string;
  /** What each of VERBS is, by commas; one with a path is another program's. */
  verbs: string;
  environment?: Record<string, string>;
  /** What tells the version, and where in its output. */
  installed: [command: string, version: RegExp];
  candidate: [command: string, version: RegExp];
  /** Makes a dry run of a change, and what in its output is a removal. */
  trial?: [option: string, removal: RegExp];
  heal?: [whatWasInterrupted: string, mend: string];
};
const ALL = "update all,upgrade all,autoclean all,autoremove all";
const VERBS = `install,remove,upgrade,${ALL}`.split(",");

/** Said by a manager whose lock another process holds. */
export const LOCKED = /could not get lock|unable to (?:lock|acquire)|locked by/i;

// rpm itself refuses to remove what others need; dnf and zypper would take the others along.
const ERASE = "/usr/bin/rpm --erase";
const RPM: Manager["installed"] = ["/usr/bin/rpm -q --qf=%{EVR}", /^(\d\S*)$/m];
const POLICY = "/usr/bin/apt-cache policy";
const CONFFILES = "-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold";
const ADD = "--no-remove --no-install-recommends install";

export const MANAGERS: readonly Manager[] = [
  {
    program: `/usr/bin/apt-get --quiet --yes -o DPkg::Lock::Timeout=60 ${CONFFILES}`,
    verbs: `${ADD},remove,--no-remove --only-upgrade install,update,upgrade,autoclean,autoremove`,
    environment: {
      DEBIAN_FRONTEND: "noninteractive",
      APT_LISTCHANGES_FRONTEND: "none",
      NEEDRESTART_SUSPEND: "1", // runs interpreters with others' PYTHONPATH (CVE-2024-48990)
    },
    installed: [POLICY, /^ {2}Installed: ([^(\s]\S*)/m],
    candidate: [POLICY, /^ {2}Candidate: ([^(\s]\S*)/m],
    trial: ["--simulate", /^(?:Remv|Purg) (\S+)/gm],
    heal: ["/usr/bin/dpkg --audit", "/usr/bin/dpkg --force-confold --configure --pending"],
  },
  {
    program: "/usr/bin/dnf --assumeyes --quiet --setopt=install_weak_deps=False",
    verbs: `install,${ERASE},upgrade,makecache,upgrade,clean packages,autoremove`,
    installed: RPM,
    candidate: ["/usr/bin/dnf --quiet repoquery --latest-limit=1 --qf=%{evr}", /^(\d\S*)$/m],
  },
  {
    program: "/usr/bin/zypper --non-interactive --quiet",
    verbs: `install --no-recommends,${ERASE},update,refresh,update,clean`,
    installed: RPM,
    candidate: ["/usr/bin/zypper --non-interactive info", /^Version *: (\S+)/m],
  },
  {
    program: "/usr/bin/pacman --noconfirm --noprogressbar",
    verbs: "-S --needed,--remove,-S --needed,-S --refresh,-S --sysupgrade,-S --clean",
    installed: ["/usr/bin/pacman --query", /^\S+ (\S+)$/m],
    candidate: ["/usr/bin/pacman --sync --info", /^Version *: (\S+)/m],
  },
  {
    program: "/sbin/apk --no-interactive --no-progress --wait 60",
    verbs: "add,del,add --upgrade,update,upgrade,cache clean",
    installed: ["/sbin/apk list --installed", /^\S+-(\d\S*-r\d+) /m],
    candidate: ["/sbin/apk list --available", /^\S+-(\d\S*-r\d+) /m],
  },
];

/** The command line of an action, or null where the manager has none. */
export function commandFor({ program, verbs }: Manager, action: string): string | null {
  const verb = verbs.split(",")[VERBS.indexOf(action)];
  if (verb === undefined) return null;
  return verb.startsWith("/") ? verb : `${program} ${verb}`;
}
