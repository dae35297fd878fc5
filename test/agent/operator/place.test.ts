/** Folders for the operator's socket, and what is none. */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { folderFlaw, usualSocket } from "../../../agent/operator/place.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sallyport-place-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const own = process.getuid?.() ?? 0;

test.each<[string, number, RegExp | null]>([
  ["everybody's", 0o777, /everybody can write/],
  ["everybody's, even sticky", 0o1777, /everybody can write/],
  ["its group's", 0o770, /its group can write in .*not sticky/],
  ["its group's, sticky", 0o1770, null],
  ["passed through by its group", 0o2710, null],
  ["its owner's", 0o700, null],
])("%s: mode %o", (_, mode, flaw) => {
  chmodSync(folder, mode);
  const found = folderFlaw(join(folder, "operator.sock"), own);
  if (flaw === null) expect(found).toBeNull();
  else expect(found).toMatch(flaw);
});

test("one that is not there is made for its owner, and for its group to pass; one without a parent is not", () => {
  const socket = join(folder, "new/operator.sock");
  expect(folderFlaw(socket, own)).toBeNull();
  expect(statSync(join(folder, "new")).mode & 0o7777).toBe(0o710);
  expect(folderFlaw(join(folder, "a/b/operator.sock"), own)).toMatch(/cannot be used \(ENOENT\)/);
});

test("another user's folder, a link to a folder and a file are none", () => {
  mkdirSync(join(folder, "real"), { mode: 0o700 });
  symlinkSync("real", join(folder, "link"));
  writeFileSync(join(folder, "file"), "");
  expect(folderFlaw(join(folder, "link/operator.sock"), own)).toMatch(/is no folder/);
  expect(folderFlaw(join(folder, "file/operator.sock"), own)).toMatch(/is no folder/);
  if (own === 0) return; // root's folders are good for everybody
  expect(folderFlaw(join(folder, "real/operator.sock"), own + 1)).toMatch(/belongs to uid/);
});

test("the usual place is in a folder of its own", () => {
  expect(usualSocket({ XDG_RUNTIME_DIR: "/run/user/7" })).toMatch(/operator\.sock$/);
});
