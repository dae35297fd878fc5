/** Text that is made to cost much, or to break what reads it. How long it takes is measured by the bench. */
import { beforeAll, expect, test } from "vitest";
import { AXES, LEVELS } from "../../../agent/risk/level.ts";
import { LONGEST_COMMAND } from "../../../agent/risk/judge.ts";
import { openRisk, type RiskJudge } from "../../../agent/risk/open.ts";
import { random } from "./random.ts";

let judge: RiskJudge;
beforeAll(async () => {
  judge = await openRisk();
});

test("what is longer than anybody reads is CRITICAL, whatever it is", () => {
  const { level, reasons } = judge.riskOf(`echo ${"a".repeat(LONGEST_COMMAND)}`);
  expect({ level, rules: reasons.map(({ rule }) => rule) }).toEqual({
    level: "CRITICAL",
    rules: ["syntax.too-long"],
  });
  expect(judge.riskOf(`echo ${"a".repeat(LONGEST_COMMAND - 5)}`).level).toBe("SAFE");
});

test.each([
  ["substitutions", "$(".repeat(300)],
  ["closed substitutions", `${"$(".repeat(150)}ls${")".repeat(150)}`],
  ["parentheses", `${"(".repeat(300)}ls${")".repeat(300)}`],
  ["backticks", "`".repeat(999)],
  ["wrappers", `${"sudo ".repeat(500)}ls`],
  [
    "shells in shells",
    Array.from({ length: 12 }).reduce<string>(
      (inner) => `bash -c ${JSON.stringify(inner)}`,
      "rm x",
    ),
  ],
  ["evals", `${"eval ".repeat(900)}ls`],
])("%s without end are CRITICAL or at least not SAFE", (_, text) => {
  expect(judge.riskOf(text).level).not.toBe("SAFE");
});

test("no more reasons are given than anybody reads", () => {
  const { reasons, level } = judge.riskOf("ls; rm x; ".repeat(500));
  expect(level).toBe("CRITICAL");
  expect(reasons.length).toBeLessThanOrEqual(40);
  expect(reasons[0]?.rule).toBe("files.delete");
});

const PIECES = [
  "ls",
  "rm",
  "-rf",
  "/",
  "$(",
  ")",
  "`",
  "'",
  '"',
  "$x",
  "${",
  "}",
  "{",
  "<<EOF\n",
  "EOF\n",
  "\n",
  ";",
  "|",
  "&",
  "&&",
  "||",
  ">",
  "<",
  ">>",
  "2>&1",
  "(",
  "((",
  "))",
  "[[",
  "]]",
  "[",
  "]",
  "*",
  "?",
  "~",
  "\\",
  "#",
  "!",
  "=",
  "a=",
  "if",
  "then",
  "fi",
  "for",
  "in",
  "do",
  "done",
  "case",
  "esac",
  "function",
  "eval",
  "bash -c",
  "sudo",
  "xargs",
  "$'\\x",
  "é",
  "\u202e",
  "\0",
  "\t",
  " ",
  "😀",
  "\ud800",
];

test("random text of a shell's pieces gets an answer of the one shape, every time the same", () => {
  const { below, pick } = random(42);
  for (let round = 0; round < 3000; round += 1) {
    const text = Array.from({ length: 1 + below(40) }, () => pick(PIECES)).join(
      below(2) === 0 ? " " : "",
    );
    const risk = judge.riskOf(text);
    expect(LEVELS).toContain(risk.level);
    expect(Object.keys(risk.axes)).toEqual([...AXES]);
    for (const { span } of risk.reasons) {
      expect(span[0]).toBeGreaterThanOrEqual(0);
      expect(span[1]).toBeLessThanOrEqual(text.length);
    }
    expect(judge.riskOf(text)).toEqual(risk);
  }
});
