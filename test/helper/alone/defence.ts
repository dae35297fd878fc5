/** Whether anybody but root could change a file, tried on files of all kinds. */
import { chownSync, chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import { distrust, distrustAny } from "../../../helper/defence.ts";

const PLACE = "/run/sallyport/trust";
const FILE = `${PLACE}/a/file`;

beforeEach(() => {
  rmSync(PLACE, { recursive: true, force: true });
  mkdirSync(`${PLACE}/a`, { recursive: true, mode: 0o755 });
  writeFileSync(FILE, "", { mode: 0o644 });
});

describe("a file is not trusted", () => {
  test.each([
    ["that is another's", () => chownSync(FILE, 1000, 0), `${FILE} is not owned by root`],
    ["that its group can write", () => chmodSync(FILE, 0o664), `${FILE} can be written by others`],
    ["that all can write", () => chmodSync(FILE, 0o646), `${FILE} can be written by others`],
    [
      "in another's folder",
      () => chownSync(`${PLACE}/a`, 1000, 0),
      `${PLACE}/a is not owned by root`,
    ],
    [
      "below a folder that all can write, sticky or not",
      () => chmodSync(PLACE, 0o1777),
      `${PLACE} can be written by others`,
    ],
    [
      "that is a link to what others can write",
      () => {
        writeFileSync(`${PLACE}/open`, "");
        chmodSync(`${PLACE}/open`, 0o666);
        rmSync(FILE);
        symlinkSync(`${PLACE}/open`, FILE);
      },
      `${PLACE}/open can be written by others`,
    ],
    [
      "that is a link to nothing",
      () => {
        rmSync(FILE);
        symlinkSync("/nowhere", FILE);
      },
      `${FILE} leads nowhere`,
    ],
    [
      "that is not there, in another's folder",
      () => {
        rmSync(FILE);
        chownSync(`${PLACE}/a`, 1000, 0);
      },
      `${PLACE}/a is not owned by root`,
    ],
    [
      "that is a link in another's folder",
      () => {
        writeFileSync(`${PLACE}/own`, "");
        rmSync(FILE);
        symlinkSync(`${PLACE}/own`, FILE);
        chownSync(`${PLACE}/a`, 1000, 0);
      },
      `${PLACE}/a is not owned by root`,
    ],
  ])("%s", (_, arrange, flaw) => {
    arrange();
    expect(distrust(FILE)).toBe(flaw);
  });
});

test("a file of root's is trusted, there or not, and what others may read is no flaw", () => {
  expect(distrust(FILE)).toBeNull();
  chmodSync(FILE, 0o755);
  expect(distrust(FILE)).toBeNull();
  expect(distrust(`${PLACE}/a/b/c`)).toBeNull();
  expect(distrust("/")).toBeNull();
});

test("of several the first flaw is told, at any depth", () => {
  mkdirSync(`${PLACE}/b/c`, { recursive: true });
  writeFileSync(`${PLACE}/b/c/deep`, "");
  expect(distrustAny([])).toBeNull();
  expect(distrustAny([FILE, PLACE, `${PLACE}/missing`])).toBeNull();
  chmodSync(`${PLACE}/b/c/deep`, 0o666);
  expect(distrustAny([FILE, `${PLACE}/b`])).toBe(`${PLACE}/b/c/deep can be written by others`);
  chmodSync(`${PLACE}/b`, 0o777);
  expect(distrustAny([`${PLACE}/b`])).toBe(`${PLACE}/b can be written by others`);
  // A link is not gone into; what it names is looked at.
  symlinkSync(`${PLACE}/b`, `${PLACE}/a/link`);
  expect(distrustAny([`${PLACE}/a`])).toBe(`${PLACE}/b can be written by others`);
});
