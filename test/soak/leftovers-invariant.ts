/** What must not be there when all is at rest: processes, mounts, files half made, secrets. */
import { setTimeout as sleep } from "node:timers/promises";
import { mountsOf, processesOf, visudoOf, type Before, type Ground } from "./ground.ts";
import type { Machine } from "./machine.ts";
import { written } from "./spelling.ts";

/** What any boot and any login have, and those who look. */
const USUAL =
  /^(root|systemd\+|message\+|www-data) (\[|\(|ps -e |sed s\/|\/bin\/sh -euc ps -e |\/lib\/systemd\/|\/usr\/lib\/systemd\/|\/sbin\/init|nginx: |sshd: \/usr\/sbin\/sshd -D|\/usr\/bin\/dbus-daemon|\/sbin\/agetty)/;

async function untilNone(ms: number, look: () => Promise<string[]>): Promise<string[]> {
  for (const end = Date.now() + ms; ; await sleep(500)) {
    const found = await look();
    if (found.length === 0 || Date.now() > end) return found;
  }
}

export async function processFlaws(
  machine: Machine,
  { processes }: Before,
  patienceMs: number,
): Promise<string[]> {
  return await untilNone(patienceMs, async () =>
    (await processesOf(machine)).filter((one) => !processes.has(one) && !USUAL.test(one)),
  );
}

export async function mountFlaws(
  machine: Machine,
  { mounts }: Before,
  patienceMs: number,
): Promise<string[]> {
  return await untilNone(patienceMs, async () =>
    (await mountsOf(machine)).filter((one) => !mounts.has(one)),
  );
}

/** What an interrupted installation, a step or a sandbox could leave. */
const FILES = `find /run /tmp /var/tmp /dev/shm -xdev \\( -name 'sallyport-*' -o -name '*bwrap*' -o -name 'soak*' \\) \\
  ! -name '*.sock' ! -name '*.lock' ! -path '/run/systemd/*' ! -path /run/sallyport-helper.sock
find /etc/sudoers.d -mindepth 1 -name '*.*'
find /var/lib/sallyport/grants -name new 2>/dev/null || :`;

export async function fileFlaws(machine: Machine): Promise<string[]> {
  return (await machine.script(FILES)).split("\n").filter((line) => line !== "");
}

/** Everywhere on the host's disks, and in what journald has packed. */
const SEARCH = `umask 077
cat >/run/soak-words
set +e
head -n 1 /run/soak-words >/run/soak-canary
grep -rlaF -f /run/soak-words --exclude=soak-words \\
  /etc /home /opt/soak /root /run /srv /tmp /usr/local /var 2>/dev/null
grep -laF -f /run/soak-words /dev/shm/* 2>/dev/null
journalctl --all --quiet -o export | grep -aqF -f /run/soak-words && echo the journal
rm /run/soak-words /run/soak-canary`;
const CANARY = "/run/soak-canary";

export async function secretFlaws(machine: Machine, { story }: Ground): Promise<string[]> {
  const input = `${story.secrets.flatMap(written).join("\n")}\n`;
  const { stdout } = await machine.run("root", ["/bin/sh", "-c", SEARCH], { input });
  const found = stdout.split("\n").filter((line) => line !== "");
  if (!found.includes(CANARY)) return ["the search has not even found what was put there for it"];
  return found.filter((path) => path !== CANARY).map((path) => `a secret is in ${path}`);
}

/** sudo's configuration is as it was but for the rule that bootstraps put and took; sudo lets in whom it should. */
export async function sudoFlaws(
  machine: Machine,
  before: Before,
  password: string,
): Promise<string[]> {
  const own = (text: string): string => text.replace(/^.*zz-sallyport-uid1002: parsed OK\n/m, "");
  const flaws = [];
  const now = await visudoOf(machine);
  if (own(now) !== own(before.visudo)) flaws.push(`visudo -c: ${now.trim()}`);
  const helper = ["/usr/bin/sudo", "-n", "/usr/libexec/sallyport/sallyport-helper", "version"];
  const asked = await machine.run("agent", helper);
  if (asked.status !== 0) flaws.push(`the agent's rule: status ${asked.status} ${asked.stderr}`);
  const more = await machine.run("agent", ["/usr/bin/sudo", "-n", "/usr/bin/true"]);
  if (more.status === 0) flaws.push("the agent may do more than its rule says");
  const words = ["/usr/bin/sudo", "-k", "-S", "-p", "", "/usr/bin/true"];
  const person = await machine.run("ops", words, { input: `${password}\n` });
  if (person.status !== 0) flaws.push(`a person's sudo: status ${person.status} ${person.stderr}`);
  return flaws;
}

export async function dpkgFlaws(machine: Machine): Promise<string[]> {
  const half = (await machine.script("dpkg --audit")).trim();
  const check = await machine.run("root", ["/usr/bin/apt-get", "check"]);
  return [
    ...(half === "" ? [] : [`dpkg --audit: ${half}`]),
    ...(check.status === 0 ? [] : [`apt-get check: ${check.stderr.trim()}`]),
  ];
}
