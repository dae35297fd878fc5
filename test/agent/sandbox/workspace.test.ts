import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openWorkspace, resolveWorkspace } from "../../../agent/sandbox/workspace.ts";

const top = mkdtempSync(join(tmpdir(), "sallyport-workspace-"));
const home = join(top, "home");
for (const name of ["home/.ssh", "home/work/deep", "home/.config/sallyport", "work"])
  mkdirSync(join(top, name), { recursive: true });
for (const [target, name] of [
  ["home/.ssh", "work/keys"],
  ["home", "work/home"],
  ["home/work", "linked"],
])
  symlinkSync(join(top, target ?? ""), join(top, name ?? ""));
afterAll(() => rmSync(top, { recursive: true }));

const REFUSED = [
  "/",
  "/etc",
  "/etc/ssl",
  "/root",
  "/run",
  "/var",
  "/var/lib/sallyport",
  "/proc/self",
  "/usr/bin",
  "/dev/shm",
  home,
  top,
  join(home, ".ssh"),
  join(home, ".config"),
  join(home, ".config/sallyport"),
  join(home, "work/../.ssh"),
  join(top, "work/keys"),
  join(top, "work/home"),
];

test.each(REFUSED)("%s is not given: secrets are in it, above it, or it", (folder) => {
  const kind = folder === "/var/lib/sallyport" ? /no_folder|near_secret/ : /near_secret/;
  const found = resolveWorkspace({ folder, access: "read" }, home);
  expect("kind" in found ? found.kind : found).toMatch(kind);
});

test.each([join(top, "absent"), "/bin/sh", "", "a\0b"])("%j is no folder", (folder) => {
  expect(resolveWorkspace({ folder, access: "read" }, home)).toMatchObject({ kind: "no_folder" });
});

test.each([
  [join(home, "work"), join(home, "work")],
  [join(home, "work/deep/.."), join(home, "work")],
  [join(top, "linked"), join(home, "work")],
])("%s is given as what it really is", (folder, real) => {
  expect(resolveWorkspace({ folder, access: "write" }, home)).toEqual({
    folder: real,
    access: "write",
  });
});

test("a folder that has become a link after it was judged is not opened", () => {
  const folder = join(top, "changing");
  mkdirSync(join(folder, "inner"), { recursive: true });
  const judged = ["", "inner"].map((name) =>
    resolveWorkspace({ folder: join(folder, name), access: "read" }, home),
  );
  rmSync(folder, { recursive: true });
  symlinkSync(home, folder);
  mkdirSync(join(home, "inner"));
  expect(judged.map((one) => ("kind" in one ? one : openWorkspace(one)))).toMatchObject([
    { kind: "no_folder" },
    { kind: "no_folder" },
  ]);
});
