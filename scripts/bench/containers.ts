/** Sandboxes by docker in a host, and what is left of them. */
import { copyFileSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { startDocker } from "../docker-host.ts";
import type { BenchHost } from "./host.ts";
import { runInHost } from "./in-host.ts";
import { quantile, spread } from "./quantile.ts";
import type { Report } from "./report.ts";

const CLIENT = "../../node_modules/.cache/sallyport-tools/usr/bin/docker";

export async function benchContainers(host: BenchHost): Promise<Report> {
  const docker = await startDocker(host);
  try {
    const root = `/proc/${host.pid}/root`;
    copyFileSync(resolve(import.meta.dirname, CLIENT), join(root, "opt/docker/docker"));
    const count = (): Record<string, number> => {
      return { ...here(root), groups: docker.groups().length, mounts: mountsOf(docker.pid()) };
    };
    const before = count();
    const runs = await runInHost(host, { file: "container-runs.ts", user: "agent" });
    const times = runs as Record<string, number[]>;
    const after = count();
    const containers = (await docker.api.ask("GET", "/containers/json?all=1")) as unknown[];
    const left = Object.keys(after).map((name) => (after[name] ?? 0) - (before[name] ?? 0));
    const median = (name: string): number => quantile(times[name] ?? [], 0.5);
    const warm = (language: string) => ({
      name: `warm container / docker run, ${language}`,
      value: median(`warm container, ${language}`) / median(`docker run ${language}`),
      atMost: 0.3,
    });
    return {
      samples: Object.entries(times).map(([name, values]) => ({ name, ...spread(values) })),
      figures: [
        warm("bash"),
        warm("node"),
        {
          name: "processes, mounts, control groups, containers, files left by all of them",
          value: left.reduce((sum, more) => sum + Math.max(0, more), containers.length),
          atMost: 0,
        },
      ],
    };
  } finally {
    await docker.stop();
  }
}

/** In the host: processes of containers, what they are given, and layers on docker's disk. */
function here(root: string): Record<string, number> {
  const processes = readdirSync(`${root}/proc`).filter((pid) =>
    isOfContainer(`${root}/proc/${pid}`),
  );
  return {
    processes: processes.length,
    given: filesIn(`${root}/home/agent/.local/state/sallyport/sandboxes`),
    temporary: filesIn(`${root}/tmp`) + filesIn(`${root}/dev/shm`),
  };
}

function isOfContainer(folder: string): boolean {
  try {
    return /sandbox-launcher|containerd-shim/.test(readFileSync(`${folder}/cmdline`, "latin1"));
  } catch {
    return false; // no process, or one that has ended meanwhile
  }
}

function filesIn(folder: string): number {
  try {
    return readdirSync(folder).length;
  } catch {
    return 0; // not made yet
  }
}

function mountsOf(pid: number): number {
  return readFileSync(`/proc/${pid}/mountinfo`, "latin1").split("\n").length;
}
