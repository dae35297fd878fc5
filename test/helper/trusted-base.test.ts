/** The trusted base is an artefact under review: whoever makes it grow changes TRUSTED_BASE.txt in the same commit. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { bundleHelper } from "../../scripts/bundle-helper.ts";
import { trustedBase } from "../../scripts/trusted-base.ts";

const root = resolve(import.meta.dirname, "../..");
const { metafile } = await bundleHelper(root, "0.0.0", null);
const base = trustedBase(root, metafile);

describe("the trusted base", () => {
  test("is what helper/TRUSTED_BASE.txt says (npm run build -- --trusted-base)", () => {
    expect(base.text).toBe(readFileSync(join(root, "helper/TRUSTED_BASE.txt"), "utf8"));
  });

  test("holds no npm package and no file from outside helper/ and protocol/", () => {
    expect(base.files.filter(({ file }) => !/^(?:helper|protocol)\/[^/]+\.ts$/.test(file))).toEqual(
      [],
    );
  });

  test("needs nothing but Node's builtins", () => {
    expect(base.builtins.filter((name) => !name.startsWith("node:"))).toEqual([]);
  });

  test("has no file of more than 150 lines", () => {
    expect(base.files.filter(({ lines }) => lines > 150)).toEqual([]);
  });

  test("has at most 1,000 lines, comments and blank lines included", () => {
    expect(base.files.reduce((sum, { lines }) => sum + lines, 0)).toBeLessThanOrEqual(1000);
  });
});
