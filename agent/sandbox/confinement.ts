/** What confines a program, as the kernel tells it, before the program starts. */
import { readFileSync } from "node:fs";
import type { Inexact, Profile } from "./profile.ts";
import type { Workspace } from "./workspace.ts";

export type Confinement = {
  /** Outside: who it is to the kernel. */
  uid: number;
  noNewPrivs: boolean;
  /** A filter of system calls is in force. */
  seccomp: boolean;
  /** Of all five sets, together; 0 is none. In hex. */
  capabilities: string;
  interfaces: string[];
  /** Mount points that can be written to, without /proc and terminals. */
  writable: string[];
  /** Mount points of all kinds. */
  mounts: number;
  processes: number | null;
  openFiles: number | null;
  fileBytes: number | null;
  /** Of each process. */
  dataBytes: number | null;
  /** Of all processes together, by a control group of their own; null where there is none. */
  group: { memoryBytes: number; cpus: number; processes: number } | null;
};

/**
 * Of the only child of `first`, the sandbox's process 1, while it waits; null where it is not there any more.
 * The program that it becomes has no more: none of this can be taken off.
 */
export function confinementIn(first: number): Confinement | null {
  try {
    const [child = ""] = readFileSync(`/proc/${first}/task/${first}/children`, "latin1").split(" ");
    const files = ["status", "limits", "mountinfo", "net/dev"];
    const texts = files.map((file) => readFileSync(`/proc/${Number(child)}/${file}`, "latin1"));
    return readConfinement(texts.join(""));
  } catch {
    return null;
  }
}

/**
 * `text`: status, limits, mountinfo and net/dev of proc(5), one after another; and lines that only a container's
 * launcher adds (container-launcher.ts): its control group's limits, and which mounts its user may write to. Some are
 * docker's own and root's.
 */
export function readConfinement(text: string): Confinement {
  const open = [...text.matchAll(/^open (.+)$/gm)].map(([, point = ""]) => point);
  const field = (name: string): string =>
    new RegExp(`^${name}:\\s*(.*)$`, "m").exec(text)?.[1] ?? "";
  const limit = (name: string): number | null => {
    const value = new RegExp(`^${name} +(\\d+) `, "m").exec(text)?.[1];
    return value === undefined ? null : Number(value);
  };
  const capabilities = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]
    .map((set) => BigInt(`0x${field(set) || "f"}`))
    .reduce((all, set) => all | set, 0n);
  // A /dev/null in place of a file is no place to write to.
  const mounts = [...text.matchAll(/^\d+ \d+ \d+:\d+ (?!\/null )\S+ (\S+) (\S+) .*- (\S+) /gm)];
  return {
    uid: Number(field("Uid").split("\t")[1] ?? "0"),
    noNewPrivs: field("NoNewPrivs") === "1",
    seccomp: field("Seccomp") === "2",
    capabilities: capabilities.toString(16),
    interfaces: [...text.matchAll(/^ *([^\s:|]+): +\d+ +\d+ +\d+ /gm)].map(([, name = ""]) => name),
    writable: mounts
      .filter(([, , options = "", type = ""]) => {
        return options.split(",").includes("rw") && !["proc", "devpts", "devtmpfs"].includes(type);
      })
      .map(([, point = ""]) => point)
      .filter((point) => !point.startsWith("/dev/") || point === "/dev/shm")
      .filter((point) => open.length === 0 || open.includes(point))
      .toSorted(),
    mounts: mounts.length,
    processes: limit("Max processes"),
    openFiles: limit("Max open files"),
    fileBytes: limit("Max file size"),
    dataBytes: limit("Max data size"),
    group: groupIn(text),
  };
}

/** Both versions of control groups; of the first, quota and period stand in lines of their own. */
function groupIn(text: string): Confinement["group"] {
  const told = (name: string): string | undefined =>
    new RegExp(`^group ${name} (.+)$`, "m").exec(text)?.[1];
  const [quota, period] = told("share")?.split(" ") ?? [told("quota"), told("period")];
  const [memoryBytes, processes] = [Number(told("memory")), Number(told("processes"))];
  const cpus = Number(quota) / Number(period);
  if (![memoryBytes, processes, cpus].every((value) => value > 0)) return null;
  return { memoryBytes, cpus, processes };
}

/** What of it does not hold; nothing runs then. `uid`: as the kernel shows it to whoever looks. */
export function gaps(
  found: Confinement,
  { profile, workspace }: { profile: Profile; workspace: Workspace | null },
  uid: number | undefined,
): string[] {
  const expected = ["/dev/shm", "/tmp", ...(workspace?.access === "write" ? ["/workspace"] : [])];
  const held: Record<string, boolean> = {
    "user id": found.uid !== 0 && found.uid === uid,
    "no new privileges": found.noNewPrivs,
    seccomp: found.seccomp,
    capabilities: found.capabilities === "0",
    network: found.interfaces.join() === "lo",
    "read-only root": found.mounts > 0 && found.writable.join() === expected.join(),
    processes: (found.group ?? found).processes === profile.processes + 1,
    "open files": found.openFiles === profile.openFiles,
    "file size": found.fileBytes === profile.tmpMiB * 1_048_576,
    memory: found.dataBytes === profile.processMiB * 1_048_576,
  };
  return Object.keys(held).filter((control) => held[control] !== true);
}

/** What of a control group's limits does not hold. */
export function groupGaps({ group }: Confinement, profile: Profile): Inexact[] {
  const missing: Inexact[] = [];
  if (group?.memoryBytes !== profile.memoryMiB * 1_048_576) missing.push("memory");
  if (group === null || Math.abs(group.cpus / profile.cpus - 1) > 0.01) missing.push("cpu");
  return missing;
}
