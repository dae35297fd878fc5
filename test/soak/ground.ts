/** Hosts as the soak wants them: the package installed, rules for two users, small disks, and how they were before. */
import { copyFileSync, globSync, mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { DEB_NAME } from "../packaging/deb.ts";
import type { Lab, Machine } from "./machine.ts";
import type { Story } from "./story.ts";

export const HELPER = "/usr/libexec/sallyport/sallyport-helper";
export const LOGS = "/var/log/sallyport";
const TOOLS = resolve(import.meta.dirname, "../../node_modules/.cache/sallyport-tools");
export const FAKE_TIME = "/opt/soak/libfaketime.so.1";
export const INVENTORY = "/home/ops/inventory.yaml";

export type Ground = {
  lab: Lab;
  story: Story;
  /** Of `ops`, on every host. */
  password: string;
  /** How each host was before anything was asked, by its name. */
  before: Map<string, Before>;
};
export type Before = {
  visudo: string;
  processes: Set<string>;
  mounts: Set<string>;
  /** In milliseconds: since then nothing but what is asked acts on the host. */
  began: number;
};

/**
 * The audit log and what systemd and dpkg write have disks of their own: one can be full while the others still tell
 * what happened. They outlast a loss of power, and go with the lab.
 */
const DISKS = `root=$DISKS/$1/root
mkdir "$DISKS/$1/logs"
mount -t tmpfs -o size=4g,mode=755 none "$DISKS/$1/logs"
cp -a "$root/var/log/." "$DISKS/$1/logs/"
mkdir -p "$DISKS/$1/logs/journal"
mkdir -m 750 -p "$DISKS/$1/logs/sallyport"
mount --move "$DISKS/$1/logs" "$root/var/log"
mount -t tmpfs -o size=48m,mode=750 none "$root/var/log/sallyport"`;

/**
 * systemd would refuse to restart nginx five times in ten seconds; here it is asked that often. journald would take away
 * its oldest files: each loss of power leaves one of 8 MiB.
 */
const ARRANGE = `mkdir -p /etc/systemd/system/nginx.service.d /etc/systemd/system/sallyport.service.d
printf '[Unit]\\nStartLimitIntervalSec=0\\n' >/etc/systemd/system/nginx.service.d/often.conf
cp /etc/systemd/system/nginx.service.d/often.conf /etc/systemd/system/sallyport.service.d/often.conf
mkdir -p /etc/systemd/system/ssh.service.d
cp /etc/systemd/system/nginx.service.d/often.conf /etc/systemd/system/ssh.service.d/often.conf
mkdir -p /etc/systemd/journald.conf.d
cat >/etc/systemd/journald.conf.d/all.conf <<'END'
[Journal]
Storage=persistent
SplitMode=none
RateLimitBurst=0
SystemMaxUse=3500M
SystemKeepFree=1M
SystemMaxFiles=10000
END
apt-get -qq -y install "/opt/sallyport/$1" >/dev/null 2>&1
printf 'rates: { read: { perSecond: 1000, burst: 1000 }, change: { perSecond: 100, burst: 100 } }\\n' \\
  >/etc/sallyport/daemon.yaml
sallyport setup-sudo --user agent
sallyport setup-sudo --user ops
install -d -m 700 -o ops -g ops /home/ops/.ssh
systemctl daemon-reload
systemctl restart systemd-journald sallyport.service
until [ -s /var/lib/sallyport-daemon/token ]; do sleep 0.1; done
systemctl restart nginx`;

export async function prepare(lab: Lab, story: Story): Promise<Ground> {
  const password = story.secret();
  const before = new Map<string, Before>();
  await Promise.all(
    lab.machines.map(async (machine) => {
      await machine.loseCurrent(async () => void (await lab.keeper(DISKS, machine.name)));
      await machine.script(ARRANGE, DEB_NAME);
      bringFakeTime(machine);
      await give(machine, "root", "/usr/sbin/chpasswd", [], `ops:${password}\n`);
      await reachable(lab, machine);
      before.set(machine.name, await stateOf(machine));
    }),
  );
  return { lab, story, password, before };
}

/** `ops` reaches every host from every host, over SSH. */
async function reachable(lab: Lab, machine: Machine): Promise<void> {
  const folder = "/home/ops/.ssh";
  const hosts = lab.machines.map(
    ({ name, address }) => `    ${name}: { ansible_host: ${address} }\n`,
  );
  await put(machine, `${folder}/id_ed25519`, readFileSync(lab.key, "utf8"));
  await put(machine, `${folder}/known_hosts`, readFileSync(lab.knownHosts, "utf8"));
  await put(machine, INVENTORY, `all:\n  vars: { ansible_user: ops }\n  hosts:\n${hosts.join("")}`);
}

async function put(machine: Machine, path: string, text: string): Promise<void> {
  await give(machine, "ops", "/bin/sh", ["-c", 'umask 077; cat >"$0"', path], text);
}

async function give(
  machine: Machine,
  user: "root" | "ops",
  program: string,
  words: readonly string[],
  input: string,
): Promise<void> {
  const { status, stderr } = await machine.run(user, [program, ...words], { input });
  if (status !== 0) throw new Error(`${machine.name}: ${program}: ${stderr}`);
}

/** Debian's libfaketime, where scripts/tools has put it: the hosts have no way out to fetch it. */
function bringFakeTime(machine: Machine): void {
  const [found] = globSync(join(TOOLS, "usr/lib/*/faketime/libfaketime.so.1"));
  const folder = `/proc/${machine.pid()}/root/opt/soak`;
  if (found === undefined) throw new Error("libfaketime is not here: scripts/tools");
  mkdirSync(folder, { recursive: true });
  copyFileSync(found, `${folder}/libfaketime.so.1`);
}

/** Processes by user and command line, without those that the kernel has. */
const PROCESSES = "ps -e -o user= -o args= | sed 's/  */ /'";

async function stateOf(machine: Machine): Promise<Before> {
  return {
    visudo: await visudoOf(machine),
    processes: new Set(await processesOf(machine)),
    mounts: new Set(await mountsOf(machine)),
    began: Date.now(),
  };
}

export async function visudoOf(machine: Machine): Promise<string> {
  return await machine.script("visudo -c 2>&1 || echo status $?");
}

export async function processesOf(machine: Machine): Promise<string[]> {
  return (await machine.script(PROCESSES)).trimEnd().split("\n");
}

export async function mountsOf(machine: Machine): Promise<string[]> {
  const text = await machine.script("cat /proc/1/mountinfo");
  const all = text.trimEnd().split("\n");
  return all.map((line) => `${line.split(" ")[4]} ${/ - (\S+)/.exec(line)?.[1]}`);
}
