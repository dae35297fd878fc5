/** What confines a program, as the kernel tells it from inside, before the program starts. */
import type { Profile } from "./profile.ts";
import { SANDBOX_UID } from "./bubblewrap.ts";

export type Confinement = {
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
  /** Of each process, bytes. */
  data: number | null;
};

/** `text`: status, limits, mountinfo and net/dev of proc(5), one after another. */
export function readConfinement(text: string): Confinement {
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
    data: limit("Max data size"),
  };
}

/** What of it does not hold; nothing runs then. `writableWorkspace`: one was asked for. */
export function gaps(found: Confinement, profile: Profile, writableWorkspace: boolean): string[] {
  const expected = ["/dev/shm", "/tmp", ...(writableWorkspace ? ["/workspace"] : [])];
  const held: Record<string, boolean> = {
    "user id": found.uid === SANDBOX_UID,
    "no new privileges": found.noNewPrivs,
    seccomp: found.seccomp,
    capabilities: found.capabilities === "0",
    network: found.interfaces.join() === "lo",
    "read-only root": found.mounts > 0 && found.writable.toSorted().join() === expected.join(),
    processes: found.processes === profile.processes + 1,
    "open files": found.openFiles === profile.openFiles,
    memory: found.data === profile.memoryMiB * 1_048_576,
  };
  return Object.keys(held).filter((control) => held[control] !== true);
}
