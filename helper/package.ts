// Decides how a package action becomes this host's package manager, and how far it may reach.
// If it were wrong, installing one package could remove another, or leave the system half configured.
import { existsSync } from "node:fs";
import { basename } from "node:path";
import type { PackageRequest } from "../protocol/operation.ts";
import { done, refused, type Outcome, type Result } from "./result.ts";
import { run, type Conditions } from "./run.ts";
import { distrust } from "./defence.ts";

type Version = [command: string, version: RegExp];
// `verbs`: what each of VERBS is, by commas; one with a path is another program's. `trial` makes a dry run of a change,
// finds the removals in what it prints, told to nobody, and asks for dpkg's flag; `heal` mends what was interrupted.
/** Command lines of ours, split at spaces; nothing of a request is ever among them. */
export type Manager = Record<"program" | "verbs", string> & {
  environment?: Record<string, string>;
  trial?: [option: string, removal: RegExp, flag: string];
  heal?: string;
} & Record<"installed" | "candidate", Version>;
const ALL = "update all,upgrade all,autoclean all,autoremove all";
const VERBS = `install,remove,upgrade,${ALL}`.split(",");
/** Said by a manager whose lock another process holds. */
export const LOCKED = /could not get lock|unable to (?:lock|acquire)|locked by/i;
// rpm itself refuses to remove what others need; dnf and zypper would take the others along.
const ERASE = "/usr/bin/rpm --erase";
const RPM: Version = ["/usr/bin/rpm -q --qf=%{EVR}", /^(\d\S*)$/m];
const CALM = { NEEDRESTART_SUSPEND: "1" }; // it runs interpreters with others' PYTHONPATH (CVE-2024-48990)
const POLICY = "/usr/bin/apt-cache policy";
const CONFFILES = "-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold";
const ADD = "--no-remove --no-install-recommends install";

export const MANAGERS: readonly Manager[] = [
  {
    program: `/usr/bin/apt-get --quiet --yes -o DPkg::Lock::Timeout=60 ${CONFFILES}`,
    verbs: `${ADD},-o Dpkg::Options::=--force-remove-reinstreq remove,--no-remove --only-upgrade install,update,upgrade,autoclean,autoremove`,
    environment: { DEBIAN_FRONTEND: "noninteractive", APT_LISTCHANGES_FRONTEND: "none", ...CALM },
    installed: [POLICY, /^ {2}Installed: ([^(\s]\S*)/m],
    candidate: [POLICY, /^ {2}Candidate: ([^(\s]\S*)/m],
    trial: ["--simulate", /^(?:Remv|Purg) (\S+)/gm, "/usr/bin/dpkg-query -Wf ${db:Status-Eflag}"],
    heal: "/usr/bin/dpkg --force-confold --configure --pending",
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

const path = ({ program }: Manager): string => program.split(" ", 1).join();
type Ask = (command: string, name?: string, tell?: Conditions["tell"]) => Promise<Outcome>;

export async function packages(request: PackageRequest, within: Conditions): Promise<Result> {
  const { action, name } = request;
  const manager = MANAGERS.find((one) => existsSync(path(one)) && distrust(path(one)) === null);
  if (manager === undefined) return refused("unavailable", "no known package manager is here");
  const ask: Ask = (command, last, tell = within.tell) => {
    const words = [...command.split(" "), ...(last === undefined ? [] : ["--", last])];
    return run(words, { ...within, tell }, manager.environment);
  };
  if (action === "info") return await info(request.name, manager, ask);
  let command = commandFor(manager, name === null ? `${action} all` : action);
  if (command === null) return refused("unavailable", "this package manager cannot do that");
  // Unasked: `dpkg --audit` does not tell what waits in /var/lib/dpkg/updates. One that cannot be mended must not
  // stand in the way of its own removal; nor must a lock that another holds: the action itself waits for it.
  const mended = manager.heal === undefined ? null : await ask(manager.heal);
  if (mended?.timedOut === true) return done(mended);
  if (manager.trial !== undefined && name !== null) {
    const { stdout: flag } = await ask(manager.trial[2], name, null);
    if (flag.includes("reinstreq")) command = command.replace(" ", " --reinstall "); // else apt-get does nothing, and says 0
    const trial = await ask(command.replace(" ", ` ${manager.trial[0]} `), name, null);
    if (trial.exitCode !== 0) return busyOr(done(trial));
    if (trial.truncated) return refused("not_allowed", "would change more than can be checked");
    const removed = [...trial.stdout.matchAll(manager.trial[1])].map(([, other]) => other);
    const others = removed.filter((other) => action !== "remove" || other !== name);
    if (others.length > 0) return refused("not_allowed", `would also remove ${others.join(" ")}`);
  }
  return busyOr(done(await ask(command, name ?? undefined)));
}

/** That no source knows the package is an answer too: no version. */
async function info(name: string, manager: Manager, ask: Ask): Promise<Result> {
  const { installed, candidate } = manager;
  const known = await ask(candidate[0], name);
  const now = installed[0] === candidate[0] ? known : await ask(installed[0], name);
  if (known.timedOut || now.timedOut) return done({ ...known, timedOut: true });
  const found = ([, version]: Version, { stdout }: Outcome) => version.exec(stdout)?.[1] ?? null;
  const versions = { installed: found(installed, now), candidate: found(candidate, known) };
  const data = { kind: "package", name, manager: basename(path(manager)), ...versions } as const;
  return done({ ...known, exitCode: 0 }, data);
}

/** The manager waited for its lock in vain: nothing was done. */
function busyOr(result: Result): Result {
  if (result.error?.code !== "failed" || !LOCKED.test(result.outcome.stderr)) return result;
  return { ...result, ...refused("busy", "another process is using the package manager") };
}
