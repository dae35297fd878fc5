/** The rules and tables as data: each one's own examples, and that all of it is written as it is read. */
import { beforeAll, expect, test } from "vitest";
import { ruleFaults } from "../../../agent/risk/examples.ts";
import { openRisk, type RiskJudge } from "../../../agent/risk/open.ts";
import { optionsFrom } from "../../../agent/risk/options.ts";
import { USES } from "../../../agent/risk/read-only.ts";
import { RULES } from "../../../agent/risk/rules.ts";
import { WRAPPERS } from "../../../agent/risk/wrappers.ts";

let judge: RiskJudge;
beforeAll(async () => {
  judge = await openRisk();
});

test("no two rules have one name", () => {
  const ids = RULES.map(({ id }) => id);
  expect(ids.length).toBeGreaterThan(80);
  expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
});

test("every rule has an example of each kind, and words for a person", () => {
  const poor = RULES.filter(
    ({ match, noMatch, text }) =>
      match.length === 0 || noMatch.length === 0 || text.length < 15 || /^[A-Z]|\.$/.test(text),
  );
  expect(poor.map(({ id }) => id)).toEqual([]);
});

test.each(RULES.map((rule) => [rule.id, rule] as const))(
  "%s finds its examples, and not its counter-examples",
  (_, rule) => {
    expect(ruleFaults(judge, rule)).toEqual([]);
  },
);

test("a rule that does not hold what it says is told", () => {
  const [rule] = RULES;
  if (rule === undefined) throw new Error("no rules");
  const wrong = { ...rule, match: ["ls"], noMatch: [...rule.match] };
  expect(ruleFaults(judge, wrong)).toEqual([
    `${rule.id} does not find: ls`,
    `${rule.id} calls SAFE: ls`,
    ...rule.match.map((one) => `${rule.id} finds: ${one}`),
  ]);
});

test("every line of the table of reads, and of wrappers, can be read", () => {
  const lines = [...USES.values(), ...Object.values(WRAPPERS).map(({ options }) => options)];
  expect(lines.length).toBeGreaterThan(500);
  expect(() => lines.map(optionsFrom)).not.toThrow();
});

test("no use in the table of reads is one that a rule finds dangerous", () => {
  const subcommands = [...USES.keys()].filter((use) => use.includes(" "));
  const bad = subcommands.filter((use) => judge.riskOf(use).level === "CRITICAL");
  expect(bad).toEqual([]);
});
