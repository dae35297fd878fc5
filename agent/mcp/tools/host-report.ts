/** `host_report`: what an agent needs to know before it acts. */
import { z } from "zod";
import { hostReport as currentReport } from "../host-report.ts";
import { success } from "../outcome.ts";
import { defineTool } from "../tool.ts";

const nothing = z.strictObject({});
const bytes = z.int().nonnegative();

export const hostReport = defineTool({
  name: "host_report",
  title: "State of this host",
  description:
    "Reports uptime, load, memory, disks, failed services and pending updates of this host. Changes nothing and needs no right.",
  offered: () => nothing,
  accepted: nothing,
  data: z.strictObject({
    uptimeSeconds: z.int().nonnegative(),
    load: z.array(z.number()).length(3).describe("over 1, 5 and 15 minutes"),
    cpus: z.int().positive(),
    memory: z.strictObject({ totalBytes: bytes, availableBytes: bytes }),
    disks: z.array(
      z.strictObject({ mountPoint: z.string(), totalBytes: bytes, availableBytes: bytes }),
    ),
    failedUnits: z.array(z.string()).nullable().describe("null: it cannot be told, see unknown"),
    pendingUpdates: z
      .strictObject({ count: z.int().nonnegative(), security: z.int().nonnegative() })
      .nullable()
      .describe("as of the last update of the package lists; null: it cannot be told, see unknown"),
    rebootRequired: z.boolean(),
    unknown: z.array(z.string()).describe("what could not be found out, and why"),
  }),
  async run() {
    const report = await currentReport();
    const { load, memory, disks, failedUnits, pendingUpdates } = report;
    const fullest = Math.max(0, ...disks.map(used));
    const summary = [
      `up ${Math.floor(report.uptimeSeconds / 3600)} h`,
      `load ${load[0]} on ${report.cpus} cpus`,
      `${percent(1 - memory.availableBytes / memory.totalBytes)} of memory used`,
      `fullest disk ${percent(fullest)}`,
      `failed units: ${failedUnits === null ? "unknown" : failedUnits.join(" ") || "none"}`,
      `pending updates: ${pendingUpdates === null ? "unknown" : `${pendingUpdates.count} (${pendingUpdates.security} for security)`}`,
      ...(report.rebootRequired ? ["a reboot is required"] : []),
    ].join(", ");
    return success(summary, { data: report });
  },
});

function used(disk: { totalBytes: number; availableBytes: number }): number {
  return disk.totalBytes === 0 ? 0 : 1 - disk.availableBytes / disk.totalBytes;
}

function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}
