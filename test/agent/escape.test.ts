import { expect, test } from "vitest";
import { bareOrQuoted, escapeBlock, escapeLine, quote } from "../../agent/escape.ts";

const HIDDEN = [
  ["a colour", "\u001b[31m", "\\u{1b}[31m"],
  ["a bell", "\u0007", "\\u{7}"],
  ["a line feed", "\n", "\\u{a}"],
  ["a carriage return", "\r", "\\u{d}"],
  ["NUL", "\0", "\\u{0}"],
  ["DEL", "\u007f", "\\u{7f}"],
  ["a C1 control sequence", "\u009b31m", "\\u{9b}31m"],
  ["a right-to-left override (CVE-2021-42574)", "\u202e", "\\u{202e}"],
  ["a right-to-left isolate", "\u2067", "\\u{2067}"],
  ["a right-to-left mark", "\u200f", "\\u{200f}"],
  ["an Arabic letter mark", "\u061c", "\\u{61c}"],
  ["a zero-width space", "\u200b", "\\u{200b}"],
  ["a zero-width joiner", "\u200d", "\\u{200d}"],
  ["a word joiner", "\u2060", "\\u{2060}"],
  ["a byte order mark", "\ufeff", "\\u{feff}"],
  ["a line separator", "\u2028", "\\u{2028}"],
  ["a tag character", "\u{e0041}", "\\u{e0041}"],
  ["half a surrogate pair", "\ud800", "\\u{d800}"],
] as const;

test.each(HIDDEN)("%s becomes visible", (_, text, visible) => {
  expect(escapeLine(`a${text}b`)).toBe(`a${visible}b`);
});

test.each(HIDDEN)("%s in quotes is ASCII, and parses back", (_, text) => {
  const quoted = quote(`a${text}b`);
  expect(quoted).toMatch(/^[\x20-\x7e]+$/);
  expect(JSON.parse(quoted)).toBe(`a${text}b`);
});

test("letters of any script stay as they are", () => {
  expect(escapeLine("Grüße, 世界, мир 🚀")).toBe("Grüße, 世界, мир 🚀");
});

test("a block keeps its lines and tabs, and nothing else that moves the cursor", () => {
  expect(escapeBlock("a\n\tb\r\u001b[2J\n")).toBe("a\n\tb\\u{d}\\u{1b}[2J\n");
});

test("an argument stands bare only where nothing in it has a meaning", () => {
  expect(bareOrQuoted("docker.io")).toBe("docker.io");
  for (const argument of ["", "a b", "$(id)", "a;b", "a'b", "a\nb", "*"]) {
    expect(bareOrQuoted(argument)).toBe(JSON.stringify(argument));
  }
});
