/**
 * Executes steps as plain processes, each in a session of its own: real programs where a test is about the engine and
 * not about terminals. Only the password `right` is taken.
 */
import { spawn } from "node:child_process";
import { ended } from "../../../agent/workflow/engine.ts";
import type { Executed, Execution, OpenTerminals } from "../../../agent/workflow/execution.ts";

export function runProcess(execution: Execution): Promise<Executed> {
  const { step, env, stdin, timeoutMs, signal, output } = execution;
  if (step.act.kind !== "run") throw new Error(`${step.id} runs nothing`);
  const [file = "", ...args] = step.act.argv;
  const began = performance.now();
  const { promise, resolve } = Promise.withResolvers<Executed>();
  const child = spawn(file, args, { cwd: step.cwd, env, detached: true, stdio: "pipe" });
  let text = "";
  let why: "cancelled" | "timed-out" | null = null;
  const stop = (reason: typeof why): void => {
    why ??= reason;
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  };
  const cancel = (): void => stop("cancelled");
  const clock = setTimeout(() => stop("timed-out"), timeoutMs);
  signal.addEventListener("abort", cancel, { once: true });
  const take = (chunk: string): void => {
    text += chunk;
    void output(chunk);
  };
  child.stdout.setEncoding("utf8").on("data", take);
  child.stderr.setEncoding("utf8").on("data", take);
  child.stdin.on("error", () => {}).end(stdin ?? undefined);
  child.on("error", ({ message }) => resolve(ended("failed", message)));
  child.on("close", (status, killed) => {
    clearTimeout(clock);
    signal.removeEventListener("abort", cancel);
    resolve({
      ...ended(why ?? (status === 0 ? "succeeded" : "failed"), ""),
      exitStatus: status,
      signal: killed,
      output: text,
      durationMs: performance.now() - began,
    });
  });
  return promise;
}

export const standInTerminals: OpenTerminals = (password) => {
  const right = password.toString() === "right";
  return {
    execute: async (execution) =>
      right ? await runProcess(execution) : ended("denied", "sudo: the password is wrong"),
    close: async () => {
      password.fill(0);
      await Promise.resolve();
    },
  };
};
