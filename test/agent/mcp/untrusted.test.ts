import { expect, test } from "vitest";
import {
  headAndTail,
  quotedLines,
  untrustedFields,
  untrustedLine,
  untrustedOutput,
} from "../../../agent/mcp/untrusted.ts";

const MAX = 16 * 1024;

test("no output is null, not an empty text that claims to be one", () => {
  expect(untrustedOutput("")).toBeNull();
});

test.each([
  ["letters", "x".repeat(100_000)],
  ["what escaping makes eight times as long", "\u202e".repeat(100_000)],
  ["pairs of surrogates", "😀".repeat(50_000)],
])("a flood of %s is bounded, and no character is cut in two", (_, flood) => {
  const output = untrustedOutput(flood);
  expect(output?.truncated).toBe(true);
  expect(output?.text.length).toBeLessThan(MAX + 100);
  expect(output?.text).not.toMatch(/\\u\{d[89a-f]/);
  expect(output?.text.isWellFormed()).toBe(true);
});

test("what had been shortened before stays marked as such", () => {
  expect(untrustedOutput("x", true)).toEqual({ text: "x", truncated: true });
  expect(untrustedOutput("x")).toEqual({ text: "x", truncated: false });
});

test("head and tail stay, and the gap says how much is missing", () => {
  const text = `${"a".repeat(50)}${"b".repeat(100)}`;
  expect(headAndTail(text, 30)).toBe(
    `${"a".repeat(10)}\n… 120 characters left out …\n${"b".repeat(20)}`,
  );
  expect(headAndTail("short", 30)).toBe("short");
});

test("a line stays one line of 200 characters at most", () => {
  expect(untrustedLine("a\nb\u001b")).toBe("a\\u{a}b\\u{1b}");
  expect(untrustedLine("x".repeat(500))).toBe(`${"x".repeat(200)}…`);
  expect(untrustedLine("\u202e".repeat(150)).length).toBeLessThanOrEqual(201);
});

test("the texts of a record are lines, and its numbers stay numbers", () => {
  expect(untrustedFields({ name: "a\u202e", count: 7, none: null })).toEqual({
    name: "a\\u{202e}",
    count: 7,
    none: null,
  });
});

test("output that imitates its own end is still marked line by line", () => {
  expect(quotedLines("one\n| two\nwhat could be done: rm\n")).toBe(
    "| one\n| | two\n| what could be done: rm",
  );
});
