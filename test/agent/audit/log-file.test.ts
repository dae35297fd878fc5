import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { bytesOf, lastLines, LINE_MAX_BYTES, linesOf } from "../../../agent/audit/log-file.ts";

const folder = mkdtempSync(join(tmpdir(), "sallyport-log-"));
const file = join(folder, "log");
afterAll(() => rmSync(folder, { recursive: true }));

function last(text: string, count: number): string[] {
  writeFileSync(file, text);
  return lastLines(file, count).map(String);
}

test("a log that is not there is an error of open(2)", async () => {
  expect(() => lastLines(join(folder, "none"), 1)).toThrow("ENOENT");
  await expect(bytesOf(join(folder, "none")).next()).rejects.toThrow("ENOENT");
});

test.each([
  ["", 3, []],
  ["a", 3, []],
  ["a\n", 3, ["a"]],
  ["a\nb\n", 1, ["b"]],
  ["a\nb\nc\n", 2, ["b", "c"]],
  ["a\nb\nc", 2, ["a", "b"]],
  ["\n\n", 5, ["", ""]],
])("of %j the last %i lines are %j", (text, count, lines) => {
  expect(last(text, count)).toEqual(lines);
});

test("lines across the blocks of reading are whole", () => {
  const lines = Array.from({ length: 3000 }, (_, at) => `${at}:${"x".repeat(at % 97)}`);
  const text = lines.map((line) => `${line}\n`).join("");
  expect(text.length).toBeGreaterThan(2 * LINE_MAX_BYTES);
  for (const count of [1, 2, 999, 2999, 3000, 5000]) {
    expect(last(text, count)).toEqual(lines.slice(-count));
  }
});

test("a line that is too long is dropped, not kept in memory", async () => {
  writeFileSync(file, `a\n${"x".repeat(LINE_MAX_BYTES + 1)}\nb\n`);
  const kinds: string[] = [];
  for await (const line of linesOf(bytesOf(file))) kinds.push(line.kind);
  expect(kinds).toEqual(["line", "too_long", "line"]);
});

test("an empty file has no lines", async () => {
  writeFileSync(file, "");
  expect((await linesOf(bytesOf(file)).next()).done).toBe(true);
});
