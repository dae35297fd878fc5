/** A lab host from a test's point of view: run a program in it as one of its users. */
import { spawn, type ChildProcess } from "node:child_process";
import { describe, inject } from "vitest";
import type { Reply } from "../../protocol/reply.ts";

export const HELPER = "/usr/local/libexec/sallyport/sallyport-helper";
export const AUDIT = "/var/log/sallyport/audit.jsonl";
/** `ops` (1000) is in group sudo; `agent` (1001) has the rule; `other` (1002) has nothing. */
export type User = "root" | "ops" | "agent" | "other";

export type Host = { name: string; pid: number; address: string };
export type Ended = {
  status: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
};
type Options = { input?: string; env?: Record<string, string>; timeoutMs?: number };

const lab = inject("lab");

/** A group of tests that needs lab hosts; where there are none start.ts has printed why. */
export const describeInLab = describe.skipIf(lab === null);

/** The systemd host that belongs to this worker. */
export function ownHost(): Host {
  const hosts = (lab?.hosts ?? []).filter(({ systemd }) => systemd);
  const host = hosts[(Number(process.env["VITEST_POOL_ID"]) - 1) % hosts.length];
  if (host === undefined) throw new Error("no lab host");
  return host;
}

/** The containers of the five sudo builds. */
export function sudoHosts(): Host[] {
  return (lab?.hosts ?? []).filter(({ systemd }) => !systemd);
}

/** The words that run `argv` as `user` in `host`, in an environment of their own. */
function entry(host: Host, user: User, argv: readonly string[], env: Record<string, string>) {
  const home = user === "root" ? "/root" : `/home/${user}`;
  const become =
    user === "root" ? [] : ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--init-groups", "--"];
  const variables = {
    HOME: home,
    USER: user,
    PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
    ...env,
  };
  const words = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  const namespaces = ["-t", String(host.pid), "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w"];
  return [...namespaces, ...become, "env", "-i", ...words, ...argv];
}

/** The whole argv of a program in a host, for a client that starts it itself. */
export function argvInHost(host: Host, user: User, argv: readonly string[]): string[] {
  return ["/usr/bin/nsenter", ...entry(host, user, argv, {})];
}

/** How each child ends. Noted from its start: one that has ended before it is asked would never say so. */
const ends = new WeakMap<ChildProcess, Promise<[number | null, string | null]>>();

export function start(host: Host, user: User, argv: readonly string[], env = {}): ChildProcess {
  const child = spawn("/usr/bin/nsenter", entry(host, user, argv, env), {
    stdio: ["pipe", "pipe", "pipe"],
  });
  const end = new Promise<[number | null, string | null]>((resolve) => {
    child.once("close", (code, by) => resolve([code, by]));
  });
  ends.set(child, end);
  return child;
}

/** Runs a program to its end; a test that gets here with a hang fails by `timeoutMs`. */
export async function exec(
  host: Host,
  user: User,
  argv: readonly string[],
  { input = "", env = {}, timeoutMs = 50_000 }: Options = {},
): Promise<Ended> {
  const child = start(host, user, argv, env);
  return await endOf(child, input, timeoutMs);
}

export async function endOf(child: ChildProcess, input = "", timeoutMs = 50_000): Promise<Ended> {
  const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
  let [stdout, stderr] = ["", ""];
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  child.stdin?.on("error", () => {}); // it may not care for its input
  child.stdin?.end(input);
  const [status = null, signal = null] = (await ends.get(child)) ?? [];
  clearTimeout(timer);
  return { status, signal, stdout, stderr };
}

/** Runs it as root and throws unless it succeeds: for arranging things, not for what is tested. */
export async function arrange(host: Host, ...argv: string[]): Promise<string> {
  const ended = await exec(host, "root", argv);
  if (ended.status === 0) return ended.stdout;
  throw new Error(`${argv.join(" ")}: ${ended.status} ${ended.stderr}${ended.stdout}`);
}

/** A script for sh(1) of the host, as root: for arranging only. */
export async function arrangeScript(host: Host, script: string): Promise<string> {
  return await arrange(host, "/bin/sh", "-euc", script);
}

export type Asked = Ended & { reply: Reply | null };

export function withReply(ended: Ended): Asked {
  const lines = ended.stdout.split("\n");
  const one = lines.length === 2 && lines[1] === "" ? lines[0] : undefined;
  try {
    return { ...ended, reply: JSON.parse(one ?? "") as Reply };
  } catch {
    return { ...ended, reply: null };
  }
}

/** Installs helper and rule for `agent` as an administrator would. */
export async function setUp(host: Host): Promise<void> {
  await arrange(host, "/opt/sallyport/sallyport", "setup-sudo", "--user", "agent");
}

/** The audit log's records, oldest first. */
export async function records(host: Host): Promise<Record<string, unknown>[]> {
  const text = await arrange(host, "cat", AUDIT);
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
