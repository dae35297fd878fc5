/** What a bench keeps: a part that is measured anew takes the place of the old one, and nothing else does. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Report } from "../../scripts/bench/report.ts";
import { save } from "../../scripts/bench/saved.ts";

const report = (value: number): Report => ({
  samples: [{ name: "a & b <c>", medianMs: 1.23456, p99Ms: 2 }],
  figures: [
    { name: "a / b | c", value, atMost: 2 },
    { name: "bytes", value: 5, atLeast: 10 },
    { name: "errors", value: 0, atMost: 0 },
    { name: "only told", value: 7, atMost: null },
  ],
  curves: [
    {
      name: "reading",
      unit: "hosts",
      points: [
        { size: 10, ms: 1 },
        { size: 1000, ms: 90 },
      ],
    },
  ],
});

let folder = "";
const read = (name: string): string => readFileSync(join(folder, name), "utf8");
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sallyport-saved-"));
  save(folder, { one: report(1), two: report(1) });
  save(folder, { two: report(3) });
});
afterAll(() => rmSync(folder, { recursive: true }));

test("numbers are kept by part, with the day and the processors", () => {
  const saved = JSON.parse(read("bench.json")) as Record<string, Report & { on: object }>;
  expect(Object.keys(saved)).toEqual(["one", "two"]);
  expect(saved["one"]?.figures[0]?.value).toBe(1);
  expect(saved["two"]?.figures[0]?.value).toBe(3);
  expect(saved["one"]?.samples[0]?.medianMs).toBe(1.235);
  expect(saved["one"]?.on).toEqual({
    date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
    processors: expect.any(Number),
  });
});

test("the table says of each promise whether it is kept", () => {
  const rows = read("bench.md").split("\n");
  expect(rows.filter((row) => row.startsWith("| a / b"))).toEqual([
    "| a / b \\| c | 1 | at most 2 | yes |",
    "| a / b \\| c | 3 | at most 2 | **no** |",
  ]);
  expect(rows).toContain("| bytes | 5 | at least 10 | **no** |");
  expect(rows).toContain("| errors | 0 | at most 0 | yes |");
  expect(rows).toContain("| only told | 7 |  |  |");
  expect(rows).toContain("| a & b <c> | 1.24 | 2 |  |  |");
  expect(rows).toContain("| 1,000 | 90 |");
});

test("the picture draws each promise as a share of it, kept or not, and each curve", () => {
  const svg = read("bench.svg");
  expect([...svg.matchAll(/fill="#b3402a"/g)]).toHaveLength(3); // twice half of the bytes, once 3 of 2
  expect([...svg.matchAll(/<polyline points="[\d., ]+"/g)]).toHaveLength(2);
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
});
