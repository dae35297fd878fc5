/**
 * Programs of this machine in the network of a lab host, with a home, files and processes of their own: nothing is left
 * of them when this process ends, however it ends.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface, type Interface } from "node:readline";
import type { BenchHost } from "./host.ts";

/** Everything that is written there is below this folder, which is root's home. */
export const HOME = "/mnt";

/** ssh(1) looks for its user's files where passwd(5) says, not $HOME. */
const ENCLOSE = `umask 022
mount -t tmpfs -o mode=755 none ${HOME}
mkdir -m 700 ${HOME}/.ssh ${HOME}/tmp
echo root:x:0:0:root:${HOME}:/bin/sh >${HOME}/passwd
mount --bind ${HOME}/passwd /etc/passwd
exec "$@"`;
const ENVIRONMENT = {
  PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
  HOME,
  TMPDIR: `${HOME}/tmp`,
  LC_ALL: "C.UTF-8",
};

export type Enclosed = { child: ChildProcess; lines: Interface; close: () => Promise<void> };

/** Starts it, and waits for its first line. */
export async function enclosed(
  host: BenchHost,
  words: readonly string[],
): Promise<Enclosed & { first: string }> {
  const own = ["--mount", "--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc"];
  const network = ["/usr/bin/nsenter", `--net=/proc/${host.pid}/ns/net`];
  const shell = ["/usr/bin/unshare", ...own, "/bin/sh", "-euc", ENCLOSE, "sh"];
  const argv = ["--pdeathsig", "KILL", ...network, ...shell, ...words];
  const child = spawn("/usr/bin/setpriv", argv, {
    stdio: ["pipe", "pipe", "inherit"],
    env: ENVIRONMENT,
    cwd: "/",
  });
  const ended = once(child, "exit");
  const lines = createInterface(child.stdout);
  const close = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
  };
  const first = once(lines, "line") as Promise<[string]>;
  const ready = await Promise.race([first, ended.then(() => null)]);
  if (ready === null) throw new Error(`${words[0]}: no start`);
  return { child, lines, close, first: ready[0] };
}

export type Cost = {
  wallMs: number;
  /** Of all processes that the command has started. */
  cpuMs: number;
  peakMiB: number;
  status: number;
  stdout: string;
  stderr: string;
};
export type Controller = {
  /** Writes a file of its home. */
  write: (name: string, text: string | Buffer, mode?: number) => void;
  run: (words: readonly string[]) => Promise<Cost>;
  close: () => Promise<void>;
};

/** What commands are run from, one at a time, and measured; all have `password` and a line feed on descriptor 3. */
export async function openController(host: BenchHost, password: string): Promise<Controller> {
  const program = readFileSync(new URL("controller.pl", import.meta.url), "utf8");
  const files = [`${HOME}/password`, `${HOME}/output`];
  const { child, lines, close } = await enclosed(host, ["/usr/bin/perl", "-e", program, ...files]);
  // unshare(1) waits for the process that it put into the namespaces.
  const [pid] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").split(" ");
  const outside = (name: string): string => `/proc/${pid}/root${HOME}/${name}`;
  const write: Controller["write"] = (name, text, mode = 0o600) =>
    writeFileSync(outside(name), text, { mode });
  write("password", `${password}\n`);
  return {
    write,
    run: async (words) => {
      const line = once(lines, "line") as Promise<[string]>;
      child.stdin?.write(`${words.join("\t")}\n`);
      const [us = 0, cpuMs = 0, kib = 0, status = 0] = (await line)[0].split(" ").map(Number);
      const [stdout = "", stderr = ""] = ["output", "output.err"].map((name) =>
        readFileSync(outside(name), "utf8"),
      );
      return { wallMs: us / 1000, cpuMs, peakMiB: kib / 1024, status, stdout, stderr };
    },
    close,
  };
}
