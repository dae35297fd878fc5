// Decides how a program is started, what of its output is kept, and which processes end with it.
// If it were wrong, a shell, a caller's variable or an endless child would get into root's hands.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Call } from "./answer.ts";
import type { Outcome } from "./result.ts";

/** All that a child inherits; systemd's pager is off three times over (CVE-2023-26604). */
const QUIET = { SYSTEMD_PAGER: "cat", SYSTEMD_PAGERSECURE: "1", SYSTEMD_COLORS: "0" };
const WORDS = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LANG: "C.UTF-8", LC_ALL: "C.UTF-8" };
const KEPT = 32_768; // bytes of the beginning and of the end of each stream

/** `deadline` in milliseconds since the epoch; `graceMs`: how long a tree may take to end unkilled. */
export type Conditions = Pick<Call, "requestId" | "tell"> & { deadline: number; graceMs: number };

// Output goes to files without a name: a pipe would break with this process, and a daemon left behind would hold it.
/** Runs a program by absolute path, without a shell, in a session of its own; throws where it cannot. */
export async function run(argv: string[], within: Conditions, extra = {}): Promise<Outcome> {
  const [program = "", ...args] = argv;
  const { requestId, tell, deadline, graceMs } = within;
  const [out, err] = [nameless(`${requestId}.out`), nameless(`${requestId}.err`)];
  const env = { ...WORDS, ...QUIET, ...extra, SALLYPORT_REQUEST: requestId };
  const stdio = ["ignore" as const, out, err];
  const child = spawn(program, args, { cwd: "/", env, stdio, detached: true });
  await once(child, "spawn");
  const follow = tell && [follower(out, "stdout", tell), follower(err, "stderr", tell)];
  const telling = follow && setInterval(() => follow.forEach((more) => void more()), 100);
  let stopping: Promise<void> | undefined;
  const timer = setTimeout(() => {
    stopping = stopTree(Number(child.pid), requestId, graceMs);
  }, deadline - Date.now());
  const [exitCode] = (await once(child, "exit")) as [number | null];
  clearTimeout(timer);
  clearInterval(telling ?? undefined);
  follow?.forEach((more) => void more());
  await stopping;
  const [stdout, stderr] = [endsOf(out), endsOf(err)];
  const [truncated, timedOut] = [stdout.cut || stderr.cut, stopping !== undefined];
  return { exitCode, stdout: stdout.text, stderr: stderr.text, truncated, timedOut };
}

function nameless(name: string): number {
  const path = `/run/sallyport/${name}`;
  const fd = fs.openSync(path, "ax+", 0o600);
  fs.unlinkSync(path);
  return fd;
}

function endsOf(fd: number): { text: string; cut: boolean } {
  const { size: all } = fs.fstatSync(fd);
  const left = Math.max(0, all - 2 * KEPT);
  const bytes = Buffer.alloc(all - left);
  const head = fs.readSync(fd, bytes, 0, Math.min(KEPT, all), 0);
  const size = head + fs.readSync(fd, bytes, head, bytes.length - head, head + left);
  fs.closeSync(fd);
  const [first, last] = [bytes.toString("utf8", 0, KEPT), bytes.toString("utf8", KEPT, size)];
  if (left === 0) return { text: bytes.toString("utf8", 0, size), cut: false };
  return { text: `${first}\n[${left} bytes left out]\n${last}`, cut: true };
}

/** Tells what is new in a file of output, unless its caller has not yet taken what is old. */
function follower(fd: number, stream: "stdout" | "stderr", tell: NonNullable<Call["tell"]>) {
  const [bytes, decoder] = [Buffer.alloc(KEPT), new TextDecoder()];
  let [from, telling] = [0, false];
  return async (): Promise<void> => {
    const size = telling ? 0 : fs.readSync(fd, bytes, 0, KEPT, from);
    if (size === 0) return;
    [from, telling] = [from + size, true];
    await tell(stream, decoder.decode(bytes.subarray(0, size), { stream: true }));
    telling = false;
  };
}

/** Does this request again in a process that sudo does not know, and so cannot be made to kill. */
export function handOver({ words, requestId, tell }: Call): number | null {
  const streaming = tell === null ? {} : { SALLYPORT_STREAM: "1" };
  const env = { ...process.env, ...streaming, SALLYPORT_DETACHED: requestId };
  const options = { env, stdio: "inherit", detached: true } as const; // spawn's, and spawnSync's too
  return spawnSync("/proc/self/exe", words, options).status;
}

/** The living: of the session `root`, carrying the request's mark, or children of such a one. */
function members(root: number, requestId: string): Set<number> {
  const found = new Set<number>();
  for (const name of fs.readdirSync("/proc").filter((entry) => /^\d+$/.test(entry)))
    try {
      // A process's name may hold anything: fields count from the last parenthesis (CVE-2017-1000367).
      const stat = fs.readFileSync(`/proc/${name}/stat`, "latin1");
      const [state, parent, , session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const environment = fs.readFileSync(`/proc/${name}/environ`, "latin1").split("\0");
      const marked = environment.includes(`SALLYPORT_REQUEST=${requestId}`);
      const own = marked || Number(session) === root || found.has(Number(parent));
      if (own && state !== "Z") found.add(Number(name));
    } catch {} // it ended meanwhile
  return found;
}

/** Asks the tree to end, and after `graceMs` kills what is left, for ten seconds or until nothing is. */
async function stopTree(root: number, requestId: string, graceMs: number): Promise<void> {
  const patience = Date.now() + graceMs;
  for (let signal: NodeJS.Signals | 0 = "SIGTERM"; ; signal = 0) {
    if (Date.now() >= patience) signal = "SIGKILL";
    const living = members(root, requestId);
    if (living.size === 0 || Date.now() > patience + 10_000) return;
    for (const pid of living)
      try {
        process.kill(pid, signal);
      } catch {} // it ended meanwhile
    await sleep(20);
  }
}
