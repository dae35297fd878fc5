/** The rules about code, and what was found by them, for a person. */
import { escapeLine } from "../escape.ts";
import type { Examined } from "../sandbox/examine.ts";
import type { Language } from "../sandbox/profile.ts";
import { findingText, type CodePolicy } from "../sanitizer/finding.ts";

const SHOWN = 10;

/** Lines for stderr; the code's own text in them is escaped. */
export function findingsText({ findings, more }: Examined): string {
  const shown = findings.slice(0, SHOWN).map((finding) => escapeLine(findingText(finding)));
  const left = findings.length - shown.length + more;
  const lines = [...shown, ...(left === 0 ? [] : [`and ${left} more`])];
  return lines.map((line) => `sallyport: code: ${line}\n`).join("");
}

export function rulesText(language: Language, { rules, imports, limits }: CodePolicy): string[] {
  if (language === "bash") return [`code        at most ${limits.bytes} bytes; not looked into`];
  const all = Object.entries(rules);
  const judged = (["refuse", "warn", "allow"] as const).flatMap((judgement) => {
    const names = all.filter(([, said]) => said === judgement).map(([name]) => name);
    return names.length === 0 ? [] : [`${judgement.padEnd(11)} ${names.join(", ")}`];
  });
  const { allowed, forbidden, required } = imports;
  const lists = { allowed: allowed ?? ["all that no rule is against"], forbidden, required };
  return [
    ...judged,
    ...Object.entries(lists).flatMap(([name, modules]) =>
      modules.length === 0 ? [] : [`imports     ${name}: ${modules.join(", ")}`],
    ),
    `code        at most ${limits.bytes} bytes, ${limits.nodes} nodes, ${limits.depth} deep`,
  ];
}
