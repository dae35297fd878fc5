import { expect, test } from "vitest";
import { countUpdates, hostReport, realMountPoints } from "../../../agent/mcp/host-report.ts";

const MOUNTINFO = `22 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw
23 22 0:21 / /proc rw - proc proc rw
24 22 254:17 / /var/lib/long/way/down rw - xfs /dev/vdb1 rw
25 22 254:17 /sub /srv rw master:1 shared:7 - xfs /dev/vdb1 rw
26 22 7:3 / /snap/core/1 ro - squashfs /dev/loop3 ro
27 22 254:1 /home /home rw - ext4 /dev/vda1 rw
28 22 254:33 / /mnt/a\\040b rw - ext4 /dev/vdc1 rw
29 22 0:40 / /mnt/share rw - nfs server:/secret rw
30 22 11:0 / /cdrom ro - iso9660 /dev/sr0 ro
`;

test("each real disk once, at its shortest mount point: no images, no shares, no second binds", () => {
  expect(realMountPoints(MOUNTINFO)).toEqual(["/", "/srv", "/mnt/a b"]);
});

test("a root that is no block device is a disk all the same", () => {
  expect(realMountPoints("1 0 0:50 / / rw - overlay overlay rw\n")).toEqual(["/"]);
});

test("updates are counted, and those for security among them", () => {
  const simulation = `Inst libc6 [2.36-9] (2.36-10 Debian-Security:12/stable-security [amd64])
Inst htop [1.0] (1.1 Debian:12.5/stable [amd64]) []
Conf libc6 (2.36-10 Debian-Security:12/stable-security [amd64])
`;
  expect(countUpdates(simulation)).toEqual({ count: 2, security: 1 });
  expect(countUpdates("")).toEqual({ count: 0, security: 0 });
});

test("this machine's report is plausible, and says what it could not find out", async () => {
  const report = await hostReport();
  expect(report.uptimeSeconds).toBeGreaterThan(0);
  expect(report.memory.availableBytes).toBeLessThanOrEqual(report.memory.totalBytes);
  expect(report.disks[0]?.mountPoint).toBe("/");
  expect(report.disks[0]?.totalBytes).toBeGreaterThan(1e6);
  const missing = [report.failedUnits, report.pendingUpdates].filter((part) => part === null);
  expect(report.unknown).toHaveLength(missing.length);
});
