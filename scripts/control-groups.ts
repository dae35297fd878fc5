/** Control groups of a container daemon in a host, as this machine sees them: named for the host's process 1. */
import { existsSync, readdirSync, readFileSync, rmdirSync } from "node:fs";

/** Of hosts that were killed: all else of theirs the kernel has removed. `prefix`: a slash, a name and a dot. */
export function sweepGroups(prefix: string): void {
  for (const name of new Set(tops().flatMap((top) => groupsAt(top, prefix)))) {
    if (existsSync(`/proc/${name.slice(prefix.length - 1)}`)) continue;
    for (const path of groupsBelow(`/${name}`)) rmdirSync(path);
  }
}

function groupsAt(top: string, prefix: string): string[] {
  return readdirSync(top).filter((name) => name.startsWith(prefix.slice(1)));
}

/** Of this machine, in all hierarchies: the innermost first. */
export function groupsBelow(group: string): string[] {
  return tops()
    .map((top) => `${top}${group}`)
    .filter((path) => existsSync(path))
    .flatMap((path) => [...foldersIn(path), path]);
}

/** Of each hierarchy the root and where this process is: one of them is what a host takes for the root. */
function tops(): string[] {
  const lines = readFileSync("/proc/self/cgroup", "latin1").trim().split("\n");
  const own = lines.flatMap((line) => {
    const [, names = "", ...path] = line.split(":");
    const folder = names === "" ? ["", "/unified"] : [`/${names.replace(/^name=/, "")}`];
    return folder.map((name) => `/sys/fs/cgroup${name}${path.join(":")}`);
  });
  const roots = readdirSync("/sys/fs/cgroup").map((name) => `/sys/fs/cgroup/${name}`);
  const all = ["/sys/fs/cgroup", ...roots, ...own].map((path) => path.replace(/\/$/, ""));
  return [...new Set(all)].filter((path) => existsSync(`${path}/cgroup.procs`));
}

function foldersIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `${folder}/${name}`)
    .flatMap((path) => [...foldersIn(path), path]);
}
