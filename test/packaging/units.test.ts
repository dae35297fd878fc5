/** The units as files; that they work is install.test.ts's to show. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "./deb.ts";

const root = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "sallyport-units-"));
beforeAll(() => {
  const units = join(folder, "usr/lib/systemd/system");
  mkdirSync(units, { recursive: true });
  cpSync(join(root, "packaging/systemd"), units, { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true }));

/** From 0, nothing to be had, to 10; systemd's own judgement. */
function exposure(unit: string): number {
  const words = ["security", "--offline=true", `--root=${folder}`, "--no-pager", unit];
  const [, level] =
    /Overall exposure level for .+: ([\d.]+) /.exec(run("systemd-analyze", words)) ?? [];
  if (level === undefined) throw new Error("systemd-analyze gives no level");
  return Number(level);
}

test("the daemon's unit is exposed by at most 1.5, where root's half of it is by 9", () => {
  expect(exposure("sallyport-helper@.service")).toBeGreaterThan(9);
  expect(exposure("sallyport.service")).toBeLessThanOrEqual(1.5);
});

const unit = (name: string): string => readFileSync(join(root, "packaging/systemd", name), "utf8");

test("only a member of group sallyport reaches the helper, and none can close the door to others", () => {
  const socket = unit("sallyport-helper.socket");
  expect(socket).toMatch(/^SocketMode=0660$/m);
  expect(socket).toMatch(/^SocketGroup=sallyport$/m);
  expect(socket).toMatch(/^MaxConnections=32$/m);
  expect(socket).toMatch(/^TriggerLimitIntervalSec=0$/m);
});

test("the daemon listens on loopback only", () => {
  expect([...unit("sallyport.socket").matchAll(/^Listen.*$/gm)].map(([line]) => line)).toEqual([
    "ListenStream=127.0.0.1:7625",
  ]);
});
