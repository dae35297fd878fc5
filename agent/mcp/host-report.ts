/** The state of this host as anybody may see it: nothing here needs root. */
import { existsSync, readFileSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { availableParallelism, freemem, loadavg, totalmem, uptime } from "node:os";
import { runProgram } from "../run-program.ts";
import { untrustedLine } from "./untrusted.ts";

export type HostReport = {
  uptimeSeconds: number;
  load: number[];
  cpus: number;
  memory: { totalBytes: number; availableBytes: number };
  disks: { mountPoint: string; totalBytes: number; availableBytes: number }[];
  failedUnits: string[] | null;
  pendingUpdates: { count: number; security: number } | null;
  rebootRequired: boolean;
  unknown: string[];
};

/** How long apt's answer is used, in milliseconds: it costs seconds of CPU, and changes by the hour. */
const UPDATES_FRESH_MS = 300_000;
const REPORT_FRESH_MS = 1_000;
const LIST_MAX = 50;

type Found<Value> = { value: Value } | { reason: string };

let latest: { report: Promise<HostReport>; at: number } | null = null;

/** At most a second old: a caller in a loop must not start programs in a loop. */
export function hostReport(): Promise<HostReport> {
  if (latest === null || performance.now() - latest.at > REPORT_FRESH_MS) {
    latest = { report: readHost(), at: performance.now() };
  }
  return latest.report;
}

async function readHost(): Promise<HostReport> {
  const [disks, failed, updates] = await Promise.all([
    readDisks(),
    failedUnits(),
    pendingUpdates(),
  ]);
  return {
    uptimeSeconds: Math.floor(uptime()),
    load: loadavg().map((load) => Math.round(load * 100) / 100),
    cpus: availableParallelism(),
    memory: { totalBytes: totalmem(), availableBytes: freemem() },
    disks,
    failedUnits: "value" in failed ? failed.value : null,
    pendingUpdates: "value" in updates ? updates.value : null,
    // Debian's packages leave this file (update-notifier, unattended-upgrades).
    rebootRequired: existsSync("/run/reboot-required"),
    unknown: [failed, updates].flatMap((found) => ("reason" in found ? [found.reason] : [])),
  };
}

async function readDisks(): Promise<HostReport["disks"]> {
  const found = await Promise.all(
    realMountPoints(readFileSync("/proc/self/mountinfo", "utf8")).map(async (mountPoint) => {
      try {
        const { blocks, bavail, bsize } = await statfs(mountPoint);
        const [totalBytes, availableBytes] = [blocks * bsize, bavail * bsize];
        return [{ mountPoint: untrustedLine(mountPoint), totalBytes, availableBytes }];
      } catch {
        return []; // not for this user to see
      }
    }),
  );
  return found.flat();
}

/**
 * `/` and the mount points of block devices in proc_pid_mountinfo(5), each device once, at its shortest
 * mount point: a service's own view has many binds of the same one. No images (snap, loop devices).
 */
export function realMountPoints(mountinfo: string): string[] {
  const shortest = new Map<string, string>([["/", "/"]]);
  const rootDevice = /^\S+ \S+ (\S+) \S+ \/ /m.exec(mountinfo)?.[1];
  for (const line of mountinfo.split("\n")) {
    const [, , device = "", , path = "", ...rest] = line.split(" ");
    const [type = "", source = ""] = rest.slice(rest.indexOf("-") + 1);
    const real = source.startsWith("/dev/") && !source.startsWith("/dev/loop");
    if (!real || type === "squashfs" || type === "iso9660" || device === rootDevice) continue;
    const mountPoint = path.replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    const known = shortest.get(device);
    if (known === undefined || mountPoint.length < known.length) shortest.set(device, mountPoint);
  }
  return [...shortest.values()].slice(0, LIST_MAX);
}

async function failedUnits(): Promise<Found<string[]>> {
  const words = ["list-units", "--failed", "--plain", "--no-legend", "--no-pager", "--full"];
  const end = await runProgram("/usr/bin/systemctl", words, 10);
  if (end.kind !== "ended" || end.status !== 0)
    return { reason: "failed units: systemd gave no answer" };
  const units = end.stdout.split("\n").flatMap((line) => /^\S+/.exec(line)?.[0] ?? []);
  return { value: units.slice(0, LIST_MAX).map(untrustedLine) };
}

let updates: { found: Promise<Found<{ count: number; security: number }>>; at: number } | null =
  null;

/** To be called when packages may have changed. */
export function forgetUpdates(): void {
  updates = null;
}

function pendingUpdates(): NonNullable<typeof updates>["found"] {
  if (updates === null || performance.now() - updates.at > UPDATES_FRESH_MS) {
    updates = { found: simulateUpgrade(), at: performance.now() };
  }
  return updates.found;
}

async function simulateUpgrade(): Promise<Found<{ count: number; security: number }>> {
  if (!existsSync("/usr/bin/apt-get")) {
    return { reason: "pending updates: only apt can be asked without root" };
  }
  const words = ["-s", "-qq", "-o", "Debug::NoLocking=true", "upgrade"];
  const end = await runProgram("/usr/bin/apt-get", words, 30);
  if (end.kind !== "ended" || end.status !== 0) {
    return { reason: "pending updates: apt gave no answer" };
  }
  return { value: countUpdates(end.stdout) };
}

/** Counts the `Inst` lines of `apt-get -s`, and those whose archive calls itself one for security. */
export function countUpdates(simulation: string): { count: number; security: number } {
  const lines = simulation.split("\n").filter((line) => line.startsWith("Inst "));
  return { count: lines.length, security: lines.filter((line) => /-security/i.test(line)).length };
}
