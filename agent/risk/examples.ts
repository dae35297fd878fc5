/** The rules' own examples, tried by whatever builds or tests a program: one whose rules are wrong is never made. */
import type { RiskJudge } from "./open.ts";
import type { Rule } from "./rule.ts";
import { RULES } from "./rules.ts";

/** What a rule says of itself and is not so; empty where all is well. */
export function ruleFaults(judge: RiskJudge, rule: Rule): string[] {
  const finds = (command: string): boolean =>
    judge.riskOf(command).reasons.some(({ rule: id }) => id === rule.id);
  const { id, match, noMatch } = rule;
  return [
    ...(match.length === 0 || noMatch.length === 0 ? [`${id} lacks examples`] : []),
    ...match.filter((command) => !finds(command)).map((one) => `${id} does not find: ${one}`),
    ...match
      .filter((command) => judge.riskOf(command).level === "SAFE")
      .map((one) => `${id} calls SAFE: ${one}`),
    ...noMatch.filter(finds).map((one) => `${id} finds: ${one}`),
  ];
}

export function allRuleFaults(judge: RiskJudge): string[] {
  return RULES.flatMap((rule) => ruleFaults(judge, rule));
}
