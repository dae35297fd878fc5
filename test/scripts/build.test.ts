/** The build as a whole: same sources, same bytes; a bad site policy makes nothing. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "sallyport-build-"));
afterAll(() => rmSync(folder, { recursive: true }));

function build(checkout: string, ...words: string[]) {
  const env = { PATH: "/usr/bin:/bin", HOME: folder, TZ: "Asia/Tokyo" };
  const argv = [join(checkout, "scripts/build.ts"), ...words];
  return spawnSync(process.execPath, argv, { encoding: "utf8", env, cwd: "/" });
}

function sha256(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

describe("the same sources in another folder", () => {
  const checkout = join(folder, "elsewhere");
  let built: ReturnType<typeof build>[] = [];
  beforeAll(() => {
    for (const name of [
      "agent",
      "helper",
      "protocol",
      "scripts",
      "sudoers",
      "inventory",
      "packaging",
      "package.json",
      "tsconfig.json",
    ])
      cpSync(join(root, name), join(checkout, name), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(checkout, "node_modules"));
    built = [
      build(root, "--out", join(folder, "first")),
      build(checkout, "--out", join(folder, "second")),
    ];
    // Two builds copy and patch four executables: half a minute alone, minutes beside others.
  }, 600_000);

  test("give the same executables and the same addon, to the byte", () => {
    expect(built.map(({ status }) => status)).toEqual([0, 0]);
    const [first, second] = [join(folder, "first"), join(folder, "second")];
    for (const name of ["sallyport-helper", "sallyport", "pty.node"])
      expect(sha256(join(first, name)), name).toBe(sha256(join(second, name)));
    expect(readFileSync(join(first, "build.json"))).toEqual(
      readFileSync(join(second, "build.json")),
    );
  });

  test("give executables and an addon that know neither folder", () => {
    for (const name of ["sallyport-helper", "sallyport", "pty.node"]) {
      const bytes = readFileSync(join(folder, "second", name));
      expect(bytes.includes(folder)).toBe(false);
      expect(bytes.includes(root)).toBe(false);
    }
  });
});

test("a bad site policy builds nothing", () => {
  writeFileSync(join(folder, "site.yaml"), "services:\n  nginx: { allow: [explode] }\n");
  const out = join(folder, "none");
  const { status, stderr } = build(root, "--policy", join(folder, "site.yaml"), "--out", out);
  expect(status).toBe(78);
  expect(stderr).toMatch(/^build: \S+site\.yaml:2: services\.nginx\.allow\.0: /m);
  expect(existsSync(join(out, "sallyport-helper"))).toBe(false);
});
