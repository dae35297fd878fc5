// Decides how a program is started, what of its output is kept, and when it has had its time.
// If it were wrong, a shell, a caller's variable or an endless child would get into root's hands.
import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import type { Reply } from "../protocol/reply.ts";
import { stopTree } from "./tree.ts";

/** All that a child inherits; systemd's pager is off three times over (CVE-2023-26604). */
const ENVIRONMENT = {
  PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
  LANG: "C.UTF-8",
  LC_ALL: "C.UTF-8",
  SYSTEMD_PAGER: "cat",
  SYSTEMD_PAGERSECURE: "1",
  SYSTEMD_COLORS: "0",
};
/** Bytes kept of the beginning and of the end of each stream. */
const KEPT = 32_768;
/** A daemon that a program left behind may hold its output open: wait this long for the rest. */
const LINGER_MS = 500;

export type Outcome = Pick<Reply, "exitCode" | "stdout" | "stderr" | "truncated" | "timedOut">;
/** `deadline` in milliseconds since the epoch; `graceMs`: how long a tree may take to end unkilled. */
export type Conditions = { requestId: string; deadline: number; graceMs: number };

/** Runs a program by absolute path, without a shell, in a session of its own; throws where it cannot. */
export async function run(
  [program, ...args]: readonly [string, ...string[]],
  { requestId, deadline, graceMs }: Conditions,
  extra: Record<string, string> = {},
): Promise<Outcome> {
  const env = { ...ENVIRONMENT, ...extra, SALLYPORT_REQUEST: requestId };
  const stdio: ["ignore", "pipe", "pipe"] = ["ignore", "pipe", "pipe"];
  const child = spawn(program, args, { cwd: "/", env, stdio, detached: true });
  const [stdout, stderr] = [keepEnds(child.stdout), keepEnds(child.stderr)];
  const stopping: Promise<void>[] = [];
  const stop = (): void => void stopping.push(stopTree(child.pid ?? 0, requestId, graceMs));
  const timer = setTimeout(stop, deadline - Date.now());
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
    child.once("exit", (code) => setTimeout(resolve, LINGER_MS, code));
  });
  clearTimeout(timer);
  await Promise.all(stopping);
  const [out, err, timedOut] = [stdout(), stderr(), stopping.length > 0];
  return { exitCode, stdout: out.text, stderr: err.text, truncated: out.cut || err.cut, timedOut };
}

function keepEnds(stream: Readable): () => { text: string; cut: boolean } {
  let [head, tail, left] = [Buffer.alloc(0), Buffer.alloc(0), 0];
  stream.on("data", (chunk: Buffer) => {
    const room = KEPT - head.length;
    head = Buffer.concat([head, chunk.subarray(0, room)]);
    tail = Buffer.concat([tail, chunk.subarray(room)]);
    left += Math.max(0, tail.length - KEPT);
    tail = tail.subarray(-KEPT);
  });
  const gap = (): string => (left === 0 ? "" : `\n[${left} bytes left out]\n`);
  return () => ({ text: `${head.toString()}${gap()}${tail.toString()}`, cut: left > 0 });
}
