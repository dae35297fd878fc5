/** Starts one lab for the whole run: a host for each worker, and a container for each build of sudo. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { TestProject } from "vitest/node";

export type Lab = {
  hosts: { name: string; pid: number; address: string; systemd: boolean }[];
  keeper: number;
  key: string;
  state: string;
};

declare module "vitest" {
  export interface ProvidedContext {
    /** Null where this machine cannot run a lab. */
    lab: Lab | null;
  }
}

const root = resolve(import.meta.dirname, "../..");
const program = join(root, "scripts/lab");

export default async function start(project: TestProject): Promise<(() => Promise<void>) | void> {
  const wanted = project.config.maxWorkers;
  const check = spawnSync(program, ["check"], { encoding: "utf8" });
  const obstacle =
    check.status === 0
      ? existsSync(join(root, "dist/sallyport-helper"))
        ? null
        : "dist/ is not built: npm run build"
      : check.stdout.trim();
  if (obstacle !== null) {
    if (process.env["CI"] === "true") throw new Error(`no lab: ${obstacle}`);
    process.stderr.write(`tests that need lab hosts are skipped: ${obstacle}\n`);
    project.provide("lab", null);
    return;
  }
  // Its standard input is the lifeline: however this process ends, the lab ends with it.
  const hold = spawn(program, ["hold", String(wanted), "sudos"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(hold, "exit");
  const line = new Promise<string>((found) => {
    createInterface(hold.stdout).once("line", found);
  });
  const ready = await Promise.race([line, ended.then(() => null)]);
  if (ready === null) throw new Error("the lab did not start");
  project.provide("lab", JSON.parse(ready) as Lab);
  return async () => {
    hold.stdin.end();
    await ended;
  };
}
