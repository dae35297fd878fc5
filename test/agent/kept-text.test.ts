/** What is kept of long outputs: both ends, and nothing is passed off as whole. */
import { expect, test } from "vitest";
import { keptOf, keptOutput } from "../../agent/kept-text.ts";

const [HEAD, TAIL] = [64 * 1024, 192 * 1024];

test.each([1, 7, 1000, 100_000])(
  "a long text in pieces of %i: its head, its tail, and how much is missing",
  (size) => {
    const text = Array.from({ length: 300_000 }, (_, at) => String(at % 10)).join("");
    const kept = keptOutput();
    for (let at = 0; at < text.length; at += size) kept.add(text.slice(at, at + size));
    const missing = text.length - HEAD - TAIL;
    expect(kept.truncated()).toBe(true);
    expect(kept.text()).toBe(
      `${text.slice(0, HEAD)}\n… ${missing} characters left out …\n${text.slice(-TAIL)}`,
    );
  },
);

test("what fits is whole", () => {
  const text = "x".repeat(HEAD + TAIL);
  expect(keptOf(text, false)).toEqual({ text, truncated: false });
  expect(keptOf("x", true)).toEqual({ text: "x", truncated: true });
});

test("no half of a character stands beside the gap", () => {
  const { text } = keptOf(`${"x".repeat(HEAD - 1)}😀${"y".repeat(TAIL + 10)}`, false);
  expect(text.isWellFormed()).toBe(true);
});
