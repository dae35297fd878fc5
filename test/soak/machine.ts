/** Lab hosts that can lose their power: one lab of its own, ended with this process whatever happens. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

const LAB = resolve(import.meta.dirname, "../../scripts/lab");
const PATH = "/usr/sbin:/usr/bin:/sbin:/bin";
const BOOT_MS = 90_000;

export type User = "root" | "ops" | "agent" | "other";
/** `status` is null where a signal ended it, a host without power included. */
type Ended = { status: number | null; stdout: string; stderr: string };
type Options = { input?: string; timeoutMs?: number };

export type Machine = {
  name: string;
  address: string;
  /** Of its process 1, in this machine's numbers; null while it is off. */
  pid: () => number | null;
  /** What is put between the host's namespaces and a program of a user: a clock of its own, for a while. */
  wrapped: string[];
  /** NAME=value for users' programs, for a while. */
  variables: string[];
  run: (user: User, argv: readonly string[], options?: Options) => Promise<Ended>;
  /** A script for sh(1) as root, by words that it is given; throws unless it succeeds. */
  script: (text: string, ...words: string[]) => Promise<string>;
  start: (user: User, argv: readonly string[]) => ChildProcess;
  /** SIGKILL to its first process; `meanwhile` while it is off; resolves when it has booted again. */
  loseCurrent: (meanwhile?: () => Promise<void>) => Promise<void>;
};

export type Lab = {
  machines: Machine[];
  /** The key that lets in `ops`, and the hosts' keys. */
  key: string;
  knownHosts: string;
  /** A script for sh(1) where the hosts' disks and the bridge are; `DISKS` has a folder for each host. */
  keeper: (text: string, ...words: string[]) => Promise<string>;
  close: () => Promise<void>;
};

export async function openLab(count: number): Promise<Lab> {
  // Not in this process's group: ^C is for this one, which then ends the lab in order.
  const hold = spawn(LAB, ["hold", String(count)], {
    stdio: ["pipe", "pipe", "inherit"],
    detached: true,
  });
  const ended = once(hold, "exit");
  const line = once(createInterface(hold.stdout), "line") as Promise<[string]>;
  const ready = await Promise.race([line, ended.then(() => null)]);
  if (ready === null) throw new Error("the lab did not start");
  type Ready = {
    state: string;
    key: string;
    keeper: number;
    hosts: { name: string; pid: number; address: string }[];
  };
  const { state, key, keeper, hosts } = JSON.parse(ready[0]) as Ready;
  const inside = ["-t", String(keeper), "-m", "-n", "-p", "env", "-i", `PATH=${PATH}`];
  return {
    machines: hosts.map((host) => machine(host, state, keeper)),
    key,
    knownHosts: `${state}/known_hosts`,
    keeper: async (text, ...words) => {
      const argv = [...inside, `DISKS=${state}/hosts`, "sh", "-euc", text, "sh", ...words];
      return needed(await endOf(begin(argv)), text);
    },
    close: async () => {
      hold.stdin.end();
      await ended;
    },
  };
}

function machine(
  { name, pid: first, address }: { name: string; pid: number; address: string },
  state: string,
  keeper: number,
): Machine {
  let pid: number | null = first;
  const off = `${state}/${name}.off`;
  const entry = (user: User, argv: readonly string[]): string[] => {
    if (pid === null) return ["--version"];
    const home = user === "root" ? "/root" : `/home/${user}`;
    const become = ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--init-groups", "--"];
    const namespaces = ["-t", String(pid), "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w"];
    const own = user === "root" ? [] : self.variables;
    const environment = ["env", "-i", `HOME=${home}`, `USER=${user}`, `PATH=${PATH}`, ...own];
    const as = user === "root" ? [] : [...self.wrapped, ...become];
    return [...namespaces, ...as, ...environment, ...argv];
  };
  const run: Machine["run"] = async (user, argv, { input = "", timeoutMs = 120_000 } = {}) =>
    pid === null
      ? { status: null, stdout: "", stderr: "the host is off" }
      : await endOf(begin(entry(user, argv)), input, timeoutMs);
  const self: Machine = {
    name,
    address,
    pid: () => pid,
    wrapped: [],
    variables: [],
    run,
    script: async (text, ...words) =>
      needed(await run("root", ["/bin/sh", "-euc", text, "sh", ...words]), text),
    start: (user, argv) => begin(entry(user, argv)),
    loseCurrent: async (meanwhile) => {
      const [before, nspawn] = [pid, nspawnOf(keeper, state, name)];
      const dark = `/proc/${keeper}/root${state}/hosts/${name}/dark`;
      if (before === null) throw new Error(`${name} is off`);
      writeFileSync(off, "");
      pid = null;
      process.kill(before, "SIGKILL");
      try {
        while (!existsSync(dark)) await sleep(20);
        await meanwhile?.();
      } finally {
        rmSync(off);
      }
      for (const end = Date.now() + BOOT_MS; ; await sleep(100)) {
        if (Date.now() > end) throw new Error(`${name} did not come up again`);
        const now = nspawnOf(keeper, state, name);
        pid = now === nspawn ? null : initOf(now);
        if (pid === null) continue;
        const settled = await run("root", ["systemctl", "is-system-running", "--wait"]);
        if (/^(running|degraded)$/m.test(settled.stdout)) return;
      }
    },
  };
  return self;
}

function begin(args: readonly string[]): ChildProcess {
  return spawn("/usr/bin/nsenter", args, { stdio: ["pipe", "pipe", "pipe"], detached: true });
}

async function endOf(child: ChildProcess, input = "", timeoutMs = 120_000): Promise<Ended> {
  const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
  let [stdout, stderr] = ["", ""];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdin?.on("error", () => {}); // it may have ended, or not care
  child.stdin?.end(input);
  const [status] = (await once(child, "close")) as [number | null];
  clearTimeout(timer);
  return { status, stdout, stderr };
}

function needed({ status, stdout, stderr }: Ended, what: string): string {
  if (status === 0) return stdout;
  throw new Error(`${what}\nstatus ${status}: ${stderr}${stdout}`);
}

function nspawnOf(keeper: number, state: string, name: string): number {
  return Number(readFileSync(`/proc/${keeper}/root${state}/hosts/${name}/nspawn`, "utf8"));
}

/** The child of systemd-nspawn that is the first process of its own namespace; null where there is none yet. */
function initOf(nspawn: number): number | null {
  for (const pid of readdirSync("/proc").filter((one) => /^\d+$/.test(one))) {
    const status = read(`/proc/${pid}/status`);
    if (!status.includes(`\nPPid:\t${nspawn}\n`)) continue;
    if (/^NSpid:\t.*\t1$/m.test(status)) return Number(pid);
  }
  return null;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
