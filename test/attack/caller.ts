/** A hostile caller: starts programs in a host with attributes and arguments of its choice, many at a time. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Reply } from "../../protocol/reply.ts";
import { arrange, exec, withReply, type Host, type User } from "../lab/host.ts";

const DRIVER = readFileSync(join(import.meta.dirname, "caller.pl"), "utf8");
const SPY = readFileSync(join(import.meta.dirname, "spy.pl"));

/** Bytes where text would be valid UTF-8. */
type Word = string | Uint8Array;
/** What caller.pl understands; the environment is HOME and PATH where none is given. */
export type Case = {
  run: readonly Word[];
  env?: readonly Word[];
  signal?: readonly string[];
} & Partial<
  Record<
    | "argv0"
    | "none"
    | "cwd"
    | "gone"
    | "umask"
    | "name"
    | "close"
    | "open"
    | "block"
    | "ignore"
    | "kill"
    | "after"
    | "pty"
    | "type",
    Word
  >
>;

export type Called = {
  pid: number;
  status: number | null;
  signal: number;
  /** It had to be killed. */
  late: boolean;
  stdout: string;
  stderr: string;
  /** Why it could not be started, or "". */
  obstacle: string;
  /** Null where stdout is not exactly one object. */
  reply: Reply | null;
};

export const ENVIRONMENT = ["HOME=/home/agent", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"];

type How = {
  user?: User;
  /** Words before the caller's, run as root: strace, or a mount namespace. */
  within?: readonly string[];
  /** How many at a time. */
  width?: number;
};

/** Runs every case as `user`, and answers in their order. */
export async function callAs(
  host: Host,
  cases: readonly Case[],
  { user = "agent", within = [], width = 3 }: How = {},
): Promise<Called[]> {
  const become =
    user === "root" ? [] : ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--init-groups", "--"];
  const argv = [...within, ...become, "perl", "-e", DRIVER, "--", String(width)];
  const input = cases.map((one) => `${encode({ env: ENVIRONMENT, ...one })}\n`).join("");
  const ended = await exec(host, "root", argv, { input, timeoutMs: 110_000 });
  const lines = ended.stdout.split("\n").slice(0, -1);
  if (ended.status !== 0 || lines.length !== cases.length)
    throw new Error(`the caller failed: ${ended.status} ${ended.stderr}`);
  const called: Called[] = [];
  for (const line of lines) {
    const { index, out, err, obstacle, ...rest } = JSON.parse(line) as Line;
    const [stdout, stderr] = [text(out), text(err)];
    const { reply } = withReply({ status: rest.status, signal: null, stdout, stderr });
    called[index] = { ...rest, stdout, stderr, obstacle: text(obstacle), reply };
  }
  return called;
}

type Line = Omit<Called, "stdout" | "stderr" | "reply"> &
  Record<"out" | "err", string> & {
    index: number;
  };

function text(hex: string): string {
  return Buffer.from(hex, "hex").toString();
}

function encode(one: Case): string {
  return Object.entries(one)
    .flatMap(([key, value]) =>
      (typeof value === "string" || value instanceof Uint8Array ? [value] : value).map(
        (word) => `${key}=${Buffer.from(word).toString("hex")}`,
      ),
    )
    .join(" ");
}

/**
 * A mount namespace in which systemctl is spy.pl: it answers that nginx runs, and says in the
 * reply's stdout what it inherited. Works where there is no systemd, too.
 */
export const WITH_SPY = [
  "unshare",
  "--mount",
  "sh",
  "-euc",
  `mount -t tmpfs -o mode=755 none /mnt
mkdir /mnt/bin
echo ${SPY.toString("base64")} | base64 -d >/mnt/bin/systemctl
chmod 755 /mnt/bin/systemctl
mount -t overlay none -o lowerdir=/mnt/bin:/usr/bin /usr/bin
mkdir -p /run/systemd
mount -t tmpfs none /run/systemd
mkdir /run/systemd/system
exec "$@"`,
  "sh",
];

/** What the spy said of itself: for each key all values. */
export function seenBySpy(reply: Reply | null): Record<string, string[]> {
  const seen: Record<string, string[]> = {};
  for (const [, key = "", hex = ""] of (reply?.stdout ?? "").matchAll(/^spy (\w+) ([0-9a-f]*)$/gm))
    (seen[key] ??= []).push(text(hex));
  return seen;
}

/** The descriptors of every child: nothing of the caller's, and two files that have no name. */
export const CHILDS_DESCRIPTORS: readonly RegExp[] = [
  /^0 \/dev\/null$/,
  /^1 \/run\/sallyport\/[\w-]+\.out \(deleted\)$/,
  /^2 \/run\/sallyport\/[\w-]+\.err \(deleted\)$/,
];

const TRACE = "/root/attack.trace";
/** To be put before a caller: writes down every program and process that it and sudo start. */
export const TRACED = ["strace", "-f", "-qq", "-e", "signal=none", "-e", "abbrev=none"].concat([
  "-s",
  "4096",
  "-e",
  "trace=execve,execveat,fork,vfork,clone,clone3",
  "-o",
  TRACE,
]);

/** Of a traced run: what each process executed and which processes it started, threads being its own. */
export class Trace {
  readonly executed = new Map<number, string[]>();
  readonly started = new Map<number, number[]>();
  readonly #process = new Map<number, number>();

  constructor(lines: string) {
    const begun = new Map<string, string>();
    for (const line of lines.split("\n")) {
      const [, pid = "", call = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
      const open = /^(.*) <unfinished \.\.\.>$/.exec(call)?.[1];
      const rest = /^<\.\.\. \w+ resumed>(.*)$/.exec(call)?.[1];
      if (open !== undefined) begun.set(pid, open);
      else this.#add(Number(pid), rest === undefined ? call : (begun.get(pid) ?? "") + rest);
    }
  }

  #add(task: number, call: string): void {
    const result = Number(/= (-?\d+)[^=]*$/.exec(call)?.[1] ?? -1);
    if (result < 0) return;
    const pid = this.#process.get(task) ?? task;
    if (call.startsWith("exec")) push(this.executed, pid, call);
    else if (call.includes("CLONE_THREAD")) this.#process.set(result, pid);
    else push(this.started, pid, result);
  }

  /** `pid` and all that came from it. */
  family(pid: number): number[] {
    return [pid, ...(this.started.get(pid) ?? []).flatMap((child) => this.family(child))];
  }
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  map.set(key, [...(map.get(key) ?? []), value]);
}

/** The trace of the run that just ended, which is then removed. */
export async function readTrace(host: Host): Promise<Trace> {
  const lines = await arrange(host, "cat", TRACE);
  await arrange(host, "rm", TRACE);
  return new Trace(lines);
}

/** Everything an act could have changed, a line each: files (without logs), packages, units. */
export async function stateOf(host: Host): Promise<string[]> {
  const script = `find /etc /usr /opt /home /root /srv /boot /var /tmp -xdev \\
  \\( -path /var/log -o -path /var/lib/systemd -o -path /var/lib/sudo -o -path /var/cache \\) -prune -o \\
  ! -path ${TRACE} ! -type d -printf '%p %i %s %m %U %C@\\n'
dpkg --get-selections
[ ! -d /run/systemd/system ] || systemctl show --property=Id,MainPID,ActiveState,UnitFileState nginx ssh`;
  return (await arrange(host, "sh", "-euc", script)).split("\n").toSorted();
}

/** What root's own look at the audit chain says; throws where it is broken. */
export async function provenChain(host: Host): Promise<void> {
  await arrange(host, "/opt/sallyport/sallyport", "audit", "verify", "--json");
}
