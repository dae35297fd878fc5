/** The package as a file: what is in it, that Debian finds no fault, and that it can be built again to the byte. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  globSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundledPackages } from "../../scripts/package/bundled.ts";
import { debianChangelog } from "../../scripts/package/changelog.ts";
import { builtDeb, DEB_NAME, lacks, run } from "./deb.ts";

const root = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "sallyport-package-"));
afterAll(() => rmSync(folder, { recursive: true }));

let deb = "";
beforeAll(() => {
  deb = builtDeb();
  run("dpkg-deb", ["--control", deb, join(folder, "control")]);
  run("dpkg-deb", ["--extract", deb, join(folder, "data")]);
}, 240_000);

const control = (name: string): string => readFileSync(join(folder, "control", name), "utf8");
const inside = (path: string): string => readFileSync(join(folder, "data", path), "utf8");
const sha256 = (file: string): string =>
  createHash("sha256").update(readFileSync(file)).digest("hex");

test("it holds these files and no others, root's, with these modes", () => {
  const lines = run("dpkg-deb", ["--contents", deb]).trimEnd().split("\n");
  const entries = lines.map((line) => line.split(/\s+/));
  const odd = entries.filter(([mode, owner]) => owner !== "root/root" || /[st]/i.test(mode ?? ""));
  expect(odd).toEqual([]);
  const folders = entries.filter(([mode]) => mode?.startsWith("d"));
  expect(new Set(folders.map(([mode]) => mode))).toEqual(new Set(["drwxr-xr-x"]));
  const files = entries.filter(([mode]) => !mode?.startsWith("d"));
  expect(files.map(([mode, , , , , path]) => `${mode} ${path?.slice(1)}`)).toEqual([
    "-rw-r--r-- /etc/sallyport/daemon.yaml",
    "-rw-r--r-- /etc/sallyport/sandbox.yaml",
    "-rwxr-xr-x /usr/bin/sallyport",
    "-rw-r--r-- /usr/lib/sallyport/pty.node",
    "-rw-r--r-- /usr/lib/systemd/system/sallyport-checkpoint.path",
    "-rw-r--r-- /usr/lib/systemd/system/sallyport-checkpoint.service",
    "-rw-r--r-- /usr/lib/systemd/system/sallyport-checkpoint.timer",
    "-rw-r--r-- /usr/lib/systemd/system/sallyport-helper.socket",
    "-rw-r--r-- /usr/lib/systemd/system/sallyport-helper@.service",
    "-rw-r--r-- /usr/lib/systemd/system/sallyport-notify.path",
    "-rw-r--r-- /usr/lib/systemd/system/sallyport-notify.service",
    "-rw-r--r-- /usr/lib/systemd/system/sallyport-notify.timer",
    "-rw-r--r-- /usr/lib/systemd/system/sallyport.service",
    "-rw-r--r-- /usr/lib/systemd/system/sallyport.socket",
    "-rw-r--r-- /usr/lib/sysusers.d/sallyport.conf",
    "-rw-r--r-- /usr/lib/tmpfiles.d/sallyport.conf",
    "-rwxr-xr-x /usr/libexec/sallyport/sallyport-helper",
    "-rw-r--r-- /usr/share/bash-completion/completions/sallyport",
    "-rw-r--r-- /usr/share/doc/sallyport/changelog.gz",
    "-rw-r--r-- /usr/share/doc/sallyport/copyright",
    ...globSync("*.rules.yml", { cwd: join(root, "packaging/prometheus") }).map(
      (name) => `-rw-r--r-- /usr/share/doc/sallyport/prometheus/${name}`,
    ),
    "-rw-r--r-- /usr/share/doc/sallyport/sbom.cdx.json",
    "-rw-r--r-- /usr/share/fish/vendor_completions.d/sallyport.fish",
    "-rw-r--r-- /usr/share/lintian/overrides/sallyport",
    "-rw-r--r-- /usr/share/man/man1/sallyport.1.gz",
    "-rw-r--r-- /usr/share/man/man5/sallyport-policy.5.gz",
    "-rw-r--r-- /usr/share/man/man8/sallyport-helper.8.gz",
    ...globSync("**/*.{md,yml}", { cwd: join(root, "packaging/ansible") })
      .map((name) => `-rw-r--r-- /usr/share/sallyport/ansible/${name}`)
      .toSorted(),
    "-rw-r--r-- /usr/share/zsh/vendor-completions/_sallyport",
  ]);
});

test("both programs and the addon are those of dist/, and no larger than they need to be together", () => {
  for (const [name, path] of Object.entries({
    sallyport: "usr/bin/sallyport",
    "sallyport-helper": "usr/libexec/sallyport/sallyport-helper",
    "pty.node": "usr/lib/sallyport/pty.node",
  }))
    expect(sha256(join(folder, "data", path))).toBe(sha256(join(root, "dist", name)));
  // They share a runtime of 120 MB; where the compression does not see that, the package doubles.
  expect(readFileSync(deb).length).toBeLessThan(45_000_000);
});

test("what an administrator may change is a conffile, and nothing else is", () => {
  expect(control("conffiles")).toBe("/etc/sallyport/daemon.yaml\n/etc/sallyport/sandbox.yaml\n");
});

test("it needs the C library that its programs were linked with, or a newer one", () => {
  const minors = ["sallyport-helper", "pty.node"].flatMap((name) => {
    const bytes = readFileSync(join(root, "dist", name), "latin1");
    return [...bytes.matchAll(/\0GLIBC_2\.(\d+)(?=\0)/g)].map(([, minor]) => Number(minor));
  });
  expect(control("control")).toContain(`libc6 (>= 2.${Math.max(...minors)})`);
});

test("md5sums has every file, and is right", () => {
  const files = readdirSync(join(folder, "data"), { recursive: true, withFileTypes: true });
  const sums = control("md5sums");
  expect(sums.trimEnd().split("\n")).toHaveLength(files.filter((one) => one.isFile()).length);
  run("sh", ["-c", 'cd "$0" && md5sum --check --quiet', join(folder, "data")], sums);
});

test.skipIf(lacks("lintian"))("lintian finds no error and no warning", { timeout: 180_000 }, () => {
  // These two read through 250 MB of Node.js, for half a minute, to find what the overrides name.
  const slow = ["binaries/spelling", "libraries/embedded"].flatMap((check) => ["-X", check]);
  const words = [...slow, "--fail-on", "error,warning", "--tag-display-limit", "0", deb];
  const { status, stdout } = spawnSync("lintian", words, { encoding: "utf8" });
  expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
});

test(
  "another folder, user, umask, time zone and language give the same bytes",
  { timeout: 240_000 },
  () => {
    const checkout = join(folder, "elsewhere");
    for (const name of [
      "agent",
      "inventory",
      "protocol",
      "scripts",
      "sudoers",
      "packaging",
      "dist",
    ])
      cpSync(join(root, name), join(checkout, name), {
        recursive: true,
        preserveTimestamps: false,
        // Neither is of the build, and other tests make and remove them meanwhile.
        filter: (path) => !path.endsWith(".deb") && path !== join(root, "dist/previous"),
      });
    for (const name of [
      "CHANGELOG.md",
      "LICENSE",
      "package.json",
      "package-lock.json",
      "tsconfig.json",
    ])
      cpSync(join(root, name), join(checkout, name));
    symlinkSync(join(root, "node_modules"), join(checkout, "node_modules"));
    const script = 'umask 077; exec unshare --user --map-user=4711 --map-group=4712 "$@"';
    const words = [
      join(checkout, "scripts/package.ts"),
      "--no-build",
      "--out",
      join(folder, "out"),
    ];
    const { status, stderr } = spawnSync("sh", ["-c", script, "sh", process.execPath, ...words], {
      cwd: "/",
      encoding: "utf8",
      env: { PATH: "/usr/bin:/bin", HOME: folder, TZ: "Asia/Tokyo", LANG: "tr_TR.UTF-8" },
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(sha256(join(folder, "out", DEB_NAME))).toBe(sha256(deb));
  },
);

test("the bill of materials names what is bundled, by hash, and nothing that only builds it", async () => {
  const text = inside("usr/share/doc/sallyport/sbom.cdx.json");
  type Component = { name: string; version: string; hashes: { alg: string; content: string }[] };
  const bill = JSON.parse(text) as { components: Component[] };
  const { packages, runtime, addon } = await bundledPackages(root);
  expect(bill.components.map(({ name }) => name)).toEqual([
    "sallyport",
    "sallyport-helper",
    "pty.node",
    runtime.name,
    ...packages.map(({ name }) => name),
    ...addon.map(({ name }) => name),
  ]);
  expect(packages.map(({ name }) => name)).toEqual(expect.arrayContaining(["commander", "zod"]));
  for (const { name, integrity } of [runtime, ...packages, ...addon]) {
    const hash = bill.components.find((one) => one.name === name)?.hashes[0];
    expect(`sha512-${Buffer.from(hash?.content ?? "", "hex").toString("base64")}`).toBe(integrity);
  }
  const helper = bill.components.find(({ name }) => name === "sallyport-helper");
  expect(helper?.hashes[0]?.content).toBe(sha256(join(root, "dist/sallyport-helper")));
  for (const builder of ["esbuild", "typescript", "vitest", "@yao-pkg/pkg"])
    expect(text).not.toContain(builder);
  expect(text).not.toMatch(/serialNumber|timestamp/);
});

test("the copyright file has the licence of all that is bundled", async () => {
  const text = inside("usr/share/doc/sallyport/copyright");
  const { packages, runtime, addon } = await bundledPackages(root);
  for (const { licenseText } of [...packages, runtime, ...addon])
    expect(text).toContain(licenseText);
  expect(text).toContain(readFileSync(join(root, "LICENSE"), "utf8").trim());
});

test.each([
  ["begins with another version", "## 0.0.9 (2026-01-01)\n\n- x\n"],
  ["has a heading that is neither a date nor unreleased", "## 0.1.0 (soon)\n\n- x\n"],
])("a changelog that %s makes no package", (_, markdown) => {
  expect(() => debianChangelog(markdown, "0.1.0")).toThrow(/CHANGELOG.md/);
});

test("a release is dated by the changelog, not by a clock", () => {
  const { text, seconds } = debianChangelog(
    "# C\n\n## 0.1.0 (2026-02-03)\n\n- one\n  two\n",
    "0.1.0",
  );
  expect(seconds).toBe(Date.UTC(2026, 1, 3) / 1000);
  expect(text).toMatch(
    /^sallyport \(0\.1\.0\) unstable; urgency=medium\n\n {2}\* one two\n\n -- .+> {2}Tue, 03 Feb 2026 00:00:00 \+0000\n$/,
  );
});
