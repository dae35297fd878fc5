/** One lab host for a bench: started, entered as root, and ended with this process whatever happens. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { runtime } from "../runtime.ts";

const LAB = resolve(import.meta.dirname, "../lab");

export type BenchHost = {
  /** Of its process 1, in this machine's numbers. */
  pid: number;
  /** The key that lets in `ops`. */
  key: string;
  /** Runs argv as root and returns its standard output; throws unless it succeeds. */
  root: (argv: readonly string[]) => Promise<string>;
  /** Copies a file of this machine to an executable in the host. */
  put: (from: string, to: string) => Promise<void>;
  /** What starts a program of the host as one of its users. */
  entry: (user: string, argv: readonly string[]) => Entry;
  /** Starts it with pipes. */
  start: (user: string, argv: readonly string[]) => ChildProcess;
  /** Runs a script of ours with this machine's files, in the host's network. */
  outside: (words: readonly string[]) => ChildProcess;
  close: () => Promise<void>;
};
type Entry = { command: string; args: string[]; env: Record<string, string> };

async function output(child: ChildProcess, what: string): Promise<string> {
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  const [status] = (await once(child, "close")) as [number | null];
  if (status !== 0) throw new Error(`${what}: status ${status}`);
  return text;
}

export async function openHost(): Promise<BenchHost> {
  const hold = spawn(LAB, ["hold", "1"], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(hold, "exit");
  const first = once(createInterface(hold.stdout), "line") as Promise<[string]>;
  const ready = await Promise.race([first, ended.then(() => null)]);
  if (ready === null) throw new Error("the lab did not start");
  type Lab = { state: string; key: string; hosts: { pid: number }[] };
  const { state, key, hosts } = JSON.parse(ready[0]) as Lab;
  const pid = hosts[0]?.pid ?? Number.NaN;
  const entry = (user: string, argv: readonly string[]): Entry => ({
    command: LAB,
    args: ["exec", "h1", user, "--", ...argv],
    env: { PATH: process.env["PATH"] ?? "", SALLYPORT_LAB_STATE: state },
  });
  const start = (user: string, argv: readonly string[], stdin: "pipe" | "ignore" | number) => {
    const { command, args, env } = entry(user, argv);
    return spawn(command, args, { env, stdio: [stdin, "pipe", "inherit"] });
  };
  const enter = (argv: readonly string[], stdin: "ignore" | number): ChildProcess =>
    start("root", argv, stdin);
  return {
    pid,
    key,
    entry,
    start: (user, argv) => start(user, argv, "pipe"),
    outside: (words) =>
      spawn("/usr/bin/nsenter", [`--net=/proc/${pid}/ns/net`, runtime(), ...words], {
        stdio: ["pipe", "pipe", "inherit"],
      }),
    root: async (argv) => await output(enter(argv, "ignore"), argv.join(" ")),
    put: async (from, to) => {
      const file = openSync(from, "r");
      await output(enter(["/usr/bin/dd", `of=${to}`, "bs=1M", "status=none"], file), to);
      closeSync(file);
      await output(enter(["/usr/bin/chmod", "755", to], "ignore"), to);
    },
    close: async () => {
      hold.stdin.end();
      await ended;
    },
  };
}
