/** What confines a program, as the kernel tells it, before the program starts. */
import { readFileSync } from "node:fs";
import type { Profile } from "./profile.ts";
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

/** `text`: status, limits, mountinfo and net/dev of proc(5), one after another. */
function readConfinement(text: string): Confinement {
  const field = (name: string): string =>
    new RegExp(`^${name}:\\s*(.*)$`, "m").exec(text)?.[1] ?? "";
  const limit = (name: string): number | null => {
    const value = new RegExp(`^${name} +(\\d+) `, "m").exec(text)?.[1];
    return value === undefined ? null : Number(value);
  };
  const capabilities = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]
    .map((set) => BigInt(`0x${field(set) || "f"}`))
    .reduce((all, set) => all | set, 0n);
  const mounts = [...text.matchAll(/^\d+ \d+ \d+:\d+ \S+ (\S+) (\S+) .*- (\S+) /gm)];
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
      .filter((point) => !point.startsWith("/dev/") || point === "/dev/shm"),
    mounts: mounts.length,
    processes: limit("Max processes"),
    openFiles: limit("Max open files"),
    fileBytes: limit("Max file size"),
    dataBytes: limit("Max data size"),
  };
}

/** What of it does not hold; nothing runs then. `writableWorkspace`: one was asked for. */
export function gaps(
  found: Confinement,
  { profile, workspace }: { profile: Profile; workspace: Workspace | null },
): string[] {
  const expected = ["/dev/shm", "/tmp", ...(workspace?.access === "write" ? ["/workspace"] : [])];
  const held: Record<string, boolean> = {
    "user id": found.uid !== 0 && found.uid === process.getuid?.(),
    "no new privileges": found.noNewPrivs,
    seccomp: found.seccomp,
    capabilities: found.capabilities === "0",
    network: found.interfaces.join() === "lo",
    "read-only root": found.mounts > 0 && found.writable.toSorted().join() === expected.join(),
    processes: found.processes === profile.processes + 1,
    "open files": found.openFiles === profile.openFiles,
    "file size": found.fileBytes === profile.tmpMiB * 1_048_576,
    memory: found.dataBytes === profile.processMiB * 1_048_576,
  };
  return Object.keys(held).filter((control) => held[control] !== true);
}
