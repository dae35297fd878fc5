/** Runs one program to its end, with everything bounded: output, time, environment. */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";

/** More than the longest reply of the helper. */
const OUTPUT_MAX_BYTES = 1 << 20;
/** Between asking a program to end and not waiting for it any longer. */
const GRACE_MS = 2000;

export type ProgramEnd =
  /** `code` of the error, `ENOENT` where there is no such program. */
  | { kind: "not_started"; code: string }
  | { kind: "timeout" }
  | {
      kind: "ended";
      /** Null where a signal ended it. */
      status: number | null;
      stdout: string;
      stderr: string;
      /** Whether either stream was longer than 1 MiB; the rest was read and dropped. */
      overflow: boolean;
    };

/**
 * Runs `file` (absolute) with `args`: no shell, `input` or nothing on stdin, cwd `/`, messages in English.
 * After `seconds` it is asked to end, and left alone if it does not: deadlines of what root does belong to root.
 */
export function runProgram(
  file: string,
  args: readonly string[],
  seconds: number,
  input = "",
): Promise<ProgramEnd> {
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      cwd: "/",
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" },
      stdio: [input === "" ? "ignore" : "pipe", "pipe", "pipe"],
    }) as ChildProcessByStdio<Writable | null, Readable, Readable>;
    child.stdin?.on("error", () => {}); // it need not read what it is told
    child.stdin?.end(input);
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    let expired = false;
    let grace: NodeJS.Timeout | undefined;
    const deadline = setTimeout(() => {
      expired = true;
      child.kill("SIGTERM");
      grace = setTimeout(() => {
        child.kill("SIGKILL");
        child.stdout.destroy();
        child.stderr.destroy();
        child.unref();
        resolve({ kind: "timeout" });
      }, GRACE_MS);
    }, seconds * 1000);
    child.on("error", (error: NodeJS.ErrnoException) => {
      clearTimeout(deadline);
      resolve({ kind: "not_started", code: error.code ?? "unknown" });
    });
    child.on("close", (status) => {
      clearTimeout(deadline);
      clearTimeout(grace);
      if (expired) return resolve({ kind: "timeout" });
      resolve({
        kind: "ended",
        status,
        stdout: stdout.text(),
        stderr: stderr.text(),
        overflow: stdout.overflow() || stderr.overflow(),
      });
    });
  });
}

/** Standard input and output of a program that goes on; `ended` has the words of its standard error. */
export type Running = {
  input: Writable;
  output: Readable;
  ended: Promise<{ status: number | null; stderr: string } | { code: string }>;
};

/** Starts `file` (absolute) with `args`: no shell, cwd `/`, messages in English. It ends with its input. */
export function startProgram(file: string, args: readonly string[]): Running {
  const child = spawn(file, args, {
    cwd: "/",
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const stderr = collect(child.stderr);
  const ended = new Promise<Awaited<Running["ended"]>>((resolve) => {
    child.on("error", (error: NodeJS.ErrnoException) => resolve({ code: error.code ?? "unknown" }));
    child.on("close", (status) => resolve({ status, stderr: stderr.text() }));
  });
  return { input: child.stdin, output: child.stdout, ended };
}

/** Keeps the first bytes of a stream and drains the rest, so that no full pipe stops the writer. */
function collect(stream: NodeJS.ReadableStream): { text(): string; overflow(): boolean } {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on("data", (chunk: Buffer) => {
    if (bytes < OUTPUT_MAX_BYTES) chunks.push(chunk);
    bytes += chunk.length;
  });
  return {
    text: () => Buffer.concat(chunks).toString("utf8"),
    overflow: () => bytes > OUTPUT_MAX_BYTES,
  };
}
