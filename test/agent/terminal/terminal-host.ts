/** Puts the terminals' code, and a runtime for it, on a lab host, and looks at what they leave there. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createReadStream, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { runtime } from "../../../scripts/runtime.ts";
import { arrangeScript, endOf, exec, start, sudoHosts, type Host } from "../../lab/host.ts";
import type { DriverPlan, DriverResult, DriverStep } from "./driver.ts";

const root = resolve(import.meta.dirname, "../../..");
export const PASSWORD = "lab-ops-password";
const FOLDER = "/run/terminal";

/** A place of its own in each build's container: what others test there is neither seen nor touched. */
let rooms: Host[] = [];

/** Processes, /run and /tmp begin anew; it ends with its standard input. */
const ROOM = `for folder in /run /tmp; do mount -t tmpfs none $folder; done
chmod 1777 /tmp; exec 3<&0; cat <&3 >/dev/null & echo room; wait $!`;

async function openRoom(host: Host): Promise<{ room: Host; close: () => void }> {
  const unshare = ["unshare", "--mount", "--pid", "--fork", "--mount-proc"];
  const child = start(host, "root", [...unshare, "sh", "-euc", ROOM]);
  if (child.stdout === null || child.pid === undefined) throw new Error("no room");
  await once(child.stdout, "data");
  // The last of the line: nsenter, unshare, the shell that reaps what is orphaned, cat.
  let pid = child.pid;
  for (let next = pid; !Number.isNaN(next);) {
    pid = next;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
    next = Number.parseInt(children, 10);
  }
  return { room: { ...host, pid }, close: () => void child.stdin?.end() };
}

/** Opens a room on each build of sudo, with what a step needs; gives back what closes them. */
export async function prepareTerminals(): Promise<() => void> {
  const opened = await Promise.all(sudoHosts().map(openRoom));
  rooms = opened.map(({ room }) => room);
  await furnish(rooms);
  return () => {
    for (const { close } of opened) close();
  };
}

/** The rooms on the builds whose name this is. */
export function terminalHosts(name = /./): Host[] {
  return rooms.filter((room) => name.test(room.name));
}

async function furnish(hosts: readonly Host[]): Promise<void> {
  const addon = join(root, "dist/pty.node");
  const { outputFiles } = await build({
    entryPoints: [join(root, "test/agent/terminal/driver.ts")],
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    write: false,
    define: {
      SESSION_SCRIPT: JSON.stringify(readFileSync(join(root, "agent/terminal/session.sh"), "utf8")),
      PTY_SHA256: JSON.stringify(createHash("sha256").update(readFileSync(addon)).digest("hex")),
    },
  });
  const driver = outputFiles[0]?.text ?? "";
  const folder = mkdtempSync(join(tmpdir(), "sallyport-locales-"));
  const locales = join(folder, "locales.tar");
  for (const name of ["de_DE", "ja_JP"])
    spawnSync("localedef", [
      "-i",
      name,
      "-f",
      "UTF-8",
      "--no-archive",
      join(folder, `${name}.utf8`),
    ]);
  spawnSync("tar", ["-cf", locales, "-C", folder, "de_DE.utf8", "ja_JP.utf8"]);
  await Promise.all(
    hosts.map(async (host) => {
      await arrangeScript(host, `mkdir -p ${FOLDER}; chmod 755 ${FOLDER}`);
      const script = `cat >${FOLDER}/driver.mjs`;
      await exec(host, "root", ["/bin/sh", "-c", script], { input: driver });
      await copy(host, addon, `${FOLDER}/pty.node`, "644");
      await copy(host, runtime(), `${FOLDER}/node`, "755");
      await copy(host, locales, `${FOLDER}/locales.tar`, "644");
    }),
  );
  rmSync(folder, { recursive: true });
}

async function copy(host: Host, from: string, to: string, mode: string): Promise<void> {
  const child = start(host, "root", ["/usr/bin/dd", `of=${to}`, "bs=1M", "status=none"]);
  if (child.stdin === null) throw new Error("no pipe");
  await new Promise<void>((done, fail) => {
    const file = createReadStream(from);
    file.on("error", fail).pipe(child.stdin ?? process.stdout);
    child.once("close", () => done());
  });
  await arrangeScript(host, `chmod ${mode} ${to}`);
}

const ARGV = [`${FOLDER}/node`, `${FOLDER}/driver.mjs`];

/** What the driver reads. */
export function driverInput(plan: DriverPlan, password = PASSWORD): string {
  return `${password}\n${JSON.stringify(plan)}`;
}

type Stage = {
  /** Lines for sh(1) that arrange the host for these steps only, as root. */
  lines?: string;
  /** Words before the program. */
  wrapper?: readonly string[];
  env?: Record<string, string>;
  password?: string;
};

/** Nothing that is written below these lasts. */
const OWN = `mount -t tmpfs none /mnt
for top in etc usr; do
mkdir -p /mnt/$top /mnt/$top.work
mount -t overlay none -o "lowerdir=/$top,upperdir=/mnt/$top,workdir=/mnt/$top.work" "/$top"
done
`;

/** Starts the steps as `ops`; its input is `driverInput`. */
export function startDriver(host: Host, { lines = "", wrapper = [], env = {} }: Stage = {}) {
  const become = ["setpriv", "--reuid=ops", "--regid=ops", "--init-groups", "--"];
  const variables = Object.entries({ HOME: "/home/ops", PATH: "/usr/bin:/bin", ...env });
  const words = ["env", "-i", ...variables.map(([name, value]) => `${name}=${value}`)];
  const argv = [...become, ...wrapper, ...words, ...ARGV];
  if (lines === "") return start(host, "root", argv);
  const script = `${OWN}${lines}\nexec "$@"`;
  return start(host, "root", ["unshare", "--mount", "sh", "-euc", script, "sh", ...argv]);
}

/** Runs the steps side by side, as steps of one run. */
export async function runSteps(
  host: Host,
  steps: DriverStep[],
  stage: Stage = {},
): Promise<DriverResult[]> {
  const input = driverInput({ steps }, stage.password);
  const ended = await endOf(startDriver(host, stage), input, 110_000);
  if (ended.status !== 0) throw new Error(`${host.name}: ${JSON.stringify(ended)}`);
  return JSON.parse(ended.stdout) as DriverResult[];
}

/** Lines for sh(1): sudoers(5) has this as well. */
export function sudoersWith(...lines: string[]): string {
  const file = "/etc/sudoers.d/zz-terminal";
  return `printf '%s\\n' '${lines.join("' '")}' >${file}; chmod 440 ${file}`;
}

/** How many tickets of sudo's are there that have not been disabled, of anybody. */
export async function tickets(host: Host): Promise<number> {
  const script = `for file in /run/sudo/ts/* /run/sudo-rs/ts/*; do
[ ! -e "$file" ] || { od -An -v -tx1 "$file" | tr -d ' \\n'; echo; }
done`;
  const files = (await arrangeScript(host, script)).split("\n").filter((line) => line !== "");
  return files.map((hex) => enabledIn(Buffer.from(hex, "hex"))).reduce((sum, one) => sum + one, 0);
}

/** timestamp_entry of sudo (plugins/sudoers/timestamp.h); sudo-rs: a header, and records that end with the flag. */
function enabledIn(file: Buffer): number {
  const rust = file.length >= 2 && file.readUInt16LE(0) === 0x50d0;
  let enabled = 0;
  for (let at = rust ? 4 : 0; at + 4 <= file.length;) {
    const size = rust ? file.readUInt16LE(at) + 2 : file.readUInt16LE(at + 2);
    if (rust) enabled += file[at + size - 1] === 0 ? 0 : 1;
    // Not the record that is only there to be locked (4), nor a disabled one (flag 1).
    else if (file.readUInt16LE(at + 4) !== 4 && (file.readUInt16LE(at + 6) & 1) === 0) enabled += 1;
    at += size;
  }
  return enabled;
}

/** All processes but the host's own first ones and whoever looks: a line each of pid, session, user, argv. */
export async function processes(host: Host): Promise<string[]> {
  const text = await arrangeScript(host, "ps -eo pid=,sess=,user=,args= --cols 200");
  return text
    .split("\n")
    .filter((line) => line !== "" && !/ps -eo|^ *1 |cat$|\/bin\/sh -euc|<defunct>$/.test(line));
}

export const shell = (text: string) => ["/bin/sh", "-c", text];
export const ROOT = { argv: ["/usr/bin/sudo", "-n", "id", "-u"] };

/** What is seen on each build, by its name; all of them at once. */
export async function everywhere<Seen>(
  look: (host: Host) => Promise<Seen>,
): Promise<Record<string, Seen>> {
  const seen = await Promise.all(rooms.map(async (host) => [host.name, await look(host)]));
  return Object.fromEntries(seen) as Record<string, Seen>;
}
export const the = <Expected>(expected: Expected, hosts = rooms): Record<string, Expected> =>
  Object.fromEntries(hosts.map(({ name }) => [name, expected]));
