import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { flawBehindLinks, ownershipFlaw } from "../../../agent/doctor/ownership.ts";

// Only root can make files that are root's, and only outside /tmp is every directory above root's alone.
describe.skipIf(process.geteuid?.() !== 0)("ownership", () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync("/usr/local/sallyport-test-");
    chmodSync(folder, 0o755);
    mkdirSync(join(folder, "libexec"));
    file = join(folder, "libexec", "helper");
    writeFileSync(file, "", { mode: 0o755 });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test.each<[string, () => void, RegExp]>([
    ["a file of another user", () => chownSync(file, 1000, 0), /helper belongs to uid 1000$/],
    ["a file others can write", () => chmodSync(file, 0o757), /helper is writable by others/],
    ["a file its group can write", () => chmodSync(file, 0o775), /helper is writable by others/],
    ["a directory above of another user", () => chownSync(folder, 1000, 0), /belongs to uid 1000$/],
    ["a directory above others can write", () => chmodSync(folder, 0o1777), /writable by others/],
    ["a file that is not there", () => rmSync(file), /ENOENT/],
  ])("I01: %s is a flaw", (_, change, flaw) => {
    change();
    expect(ownershipFlaw(file)).toMatch(flaw);
  });

  test("I01: a symbolic link anywhere above is a flaw", () => {
    symlinkSync("libexec", join(folder, "link"));
    expect(ownershipFlaw(join(folder, "link", "helper"))).toMatch(/link is a symbolic link$/);
  });

  test("a file that is root's alone, below directories that are, has no flaw", () => {
    expect(ownershipFlaw(file)).toBeNull();
    expect(flawBehindLinks(file)).toBeNull();
  });

  test("links of root's are followed, one after the other, up and down", () => {
    symlinkSync("libexec/../libexec", join(folder, "one"));
    symlinkSync(join(folder, "one/helper"), join(folder, "two"));
    expect(flawBehindLinks(join(folder, "two"))).toBeNull();
    chmodSync(file, 0o757);
    expect(flawBehindLinks(join(folder, "two"))).toMatch(/helper is writable by others/);
  });

  test.each<[string, (link: string) => void, RegExp]>([
    ["another user's link", (link) => lchownSync(link, 1000, 0), /link belongs to uid 1000$/],
    [
      "a directory that a link leads through",
      () => chownSync(join(folder, "libexec"), 1000, 0),
      /libexec belongs to uid 1000$/,
    ],
    ["a link that leads nowhere", () => rmSync(file), /link leads nowhere: there is no .*helper$/],
    [
      "a link that leads to itself",
      (link) => {
        rmSync(link);
        symlinkSync("link", link);
      },
      /leads through more than 40 links$/,
    ],
  ])("I01: %s is a flaw behind links", (_, change, flaw) => {
    const link = join(folder, "link");
    symlinkSync("libexec/helper", link);
    change(link);
    expect(flawBehindLinks(link)).toMatch(flaw);
  });
});
