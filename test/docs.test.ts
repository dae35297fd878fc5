/** Documents that make claims about the tree are held to them. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const security = read("SECURITY.md");

test("every test that SECURITY.md names is there", () => {
  const named = [...security.matchAll(/`(test\/[^`]+)`/g)].map(([, file = ""]) => file);
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter((file) => !existsSync(join(root, file)))).toEqual([]);
});

test("every row of SECURITY.md's promises names a test", () => {
  const rows = security.split("## Promises")[1]?.split("## Not promised")[0]?.split("\n") ?? [];
  const promises = rows.filter((line) => line.startsWith("| ") && !line.startsWith("| promise"));
  expect(promises.length).toBeGreaterThan(10);
  expect(promises.filter((line) => !line.includes("`test/"))).toEqual([]);
});

/** By promise, as SECURITY.md words it: the tests of docs/promises.md. */
const named = new Map(
  read("docs/promises.md")
    .split("\n## ")
    .slice(1)
    .map((section): [string, { file: string; titles: string[] }[]] => {
      const [promise = "", ...lines] = section.trimEnd().split("\n");
      const files = lines.join("\n").split("\n- ").slice(1);
      const tests = files.map((one) => {
        const [link = "", ...titles] = one.split("\n  - ");
        return { file: /^\[(.+)\]\(\.\.\/\1\)$/.exec(link)?.[1] ?? link, titles };
      });
      return [promise, tests];
    }),
);

test("docs/promises.md has each promise of SECURITY.md, with the same files", () => {
  const rows = security.split("## Promises")[1]?.split("## Not promised")[0]?.split("\n") ?? [];
  const promised = rows.flatMap((row): [string, string[]][] => {
    const [, promise = "", tests = ""] = /^\| (.+) \| (`test\/.+) \|$/.exec(row) ?? [];
    const files = [...tests.matchAll(/`(test\/[^`]+)`/g)].map(([, file = ""]) => file);
    return files.length === 0 ? [] : [[promise, files]];
  });
  expect([...named].map(([promise, tests]) => [promise, tests.map(({ file }) => file)])).toEqual(
    promised,
  );
});

test("every test that docs/promises.md names is there, by its title, and is not left out", () => {
  const wrong = [...named.values()].flat().flatMap(({ file, titles }) => {
    const text = read(file);
    const lines = text.split("\n");
    const isThere = (title: string): boolean =>
      lines.some((line) => titlesIn(line).some((one) => one === title));
    const missing = titles.filter(
      (title) => !(file.endsWith(".txt") ? lines.includes(title) : isThere(title)),
    );
    const skipped = /\.(?:skip|todo|only|fails)\(/.test(text) ? ["a test of it is left out"] : [];
    return [...missing, ...(titles.length === 0 ? ["no title"] : []), ...skipped].map(
      (title) => `${file}: ${title}`,
    );
  });
  expect(wrong).toEqual([]);
});

/** Titles stand in the code as texts: of a test, of a group, or of a row of a table. */
function titlesIn(line: string): string[] {
  const texts = line.matchAll(/"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`/g);
  return [...texts].map(([, plain, template]) => plain ?? template ?? "");
}

test("SECURITY.md gives the trusted base's size and runtime as they are", () => {
  const base = read("helper/TRUSTED_BASE.txt");
  const [, lines, code] = /^ *(\d+) +(\d+) {2}total$/m.exec(base) ?? [];
  const [, runtime = "?"] = /^runtime {2}(.+)$/m.exec(base) ?? [];
  const flat = security.replaceAll("\n", " ");
  expect(flat).toContain(`${code} lines of code (${lines} with comments and blank lines`);
  expect(flat).toContain(`the ${runtime} runtime`);
});

test("README.md stays short", () => {
  expect(read("README.md").split("\n").length).toBeLessThanOrEqual(150);
});

test("every known failure is in SECURITY.md, and the test named there names it", () => {
  const table = security.split("## Known failures of the field")[1] ?? "";
  const rows = table.split("\n").filter((line) => /^\| [VNPSI]\d\d/.test(line));
  expect(rows.length).toBeGreaterThan(40);
  const unnamed = rows.flatMap((row) => {
    const ids = row.split("|")[1]?.match(/[VNPSI]\d\d/g) ?? [];
    const tests = [...row.matchAll(/`(test\/[^`]+)`/g)].map(([, file = ""]) => read(file));
    return ids.filter((id) => !tests.some((text) => new RegExp(`\\b${id}\\b`).test(text)));
  });
  expect(unnamed).toEqual([]);
});
