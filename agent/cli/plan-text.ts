/** A plan as a person reads it before authorising it: what will run first, what somebody says about it last. */
import { styleText } from "node:util";
import type { Verdicts } from "../../protocol/reply.ts";
import { escapeBlock, escapeLine, quote } from "../escape.ts";
import { argvOf } from "../request.ts";
import { durationText } from "../workflow/duration.ts";
import type { Plan, PlannedStep } from "../workflow/plan.ts";
import type { RunRecord } from "../workflow/record.ts";
import type { Risk } from "../workflow/risk.ts";
import type { Template } from "../workflow/template.ts";

/** `verdicts`: of the helper's policy; null where it did not tell. */
export type PlanShown = {
  verdicts: Verdicts | null;
  colours: boolean;
  /** Of a plan that an agent has sent. */
  claimed: Pick<RunRecord, "client" | "claim"> | null;
};

export function planText(plan: Plan, { verdicts, colours, claimed }: PlanShown): string {
  const { name, user, host, steps, digest } = plan;
  const lines = [
    `workflow ${quote(name)}: ${count(steps.length, "step")}, as ${escapeLine(user.name)} (uid ${user.uid}) on ${escapeLine(host.name)}`,
    ...Object.entries(plan.inputs).map(
      ([input, value]) => `  input ${input}: ${value === null ? "a secret" : quote(value)}`,
    ),
    ...steps.flatMap((step) => stepLines(step, plan, verdicts, colours)),
    `digest ${digest}`,
  ];
  if (claimed !== null && claimed.client !== null) {
    const said = claimed.claim === null ? "nothing" : quote(claimed.claim);
    lines.push(`an agent (${escapeLine(claimed.client)}) sent it, and says why: ${said}`);
    lines.push("that is its claim; what stands above is what will run");
  }
  return `${lines.join("\n")}\n`;
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}

function stepLines(
  step: PlannedStep,
  plan: Plan,
  verdicts: Verdicts | null,
  colours: boolean,
): string[] {
  const { needs, when, join, timeoutMs, retries, env, stdin } = step;
  const notes = [
    ...(needs.length === 0 ? [] : [`after ${needs.join(join === "all" ? " and " : " or ")}`]),
    ...(when === "success"
      ? []
      : [when === "failure" ? "if that failed" : "whatever came of that"]),
    ...(step.act.kind === "request" ? [] : [`in ${bare(step.cwd)}`]),
    ...(timeoutMs === null ? [] : [`at most ${durationText(timeoutMs)}`]),
    ...(retries === 0 ? [] : [`up to ${retries + 1} times`]),
  ];
  return [
    "",
    `  ${step.id}: ${marksOf(step, verdicts, colours).join(", ")}`,
    ...commandLines(step).map((line) => `    ${line}`),
    ...(notes.length === 0 ? [] : [`    ${notes.join(", ")}`]),
    ...env.map(([name, template]) => `    env ${name}=${templateText(template, plan)}`),
    ...(stdin === null ? [] : [`    stdin ${templateText(stdin, plan)}`]),
  ];
}

function bare(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : quote(path);
}

const HOW = {
  terminal: "may use sudo",
  sandbox: "sandboxed",
  unsandboxed:
    "outside of the sandbox, once a person grants it or where root has settled that it may",
  helper: "by the helper",
} as const;

function marksOf(step: PlannedStep, verdicts: Verdicts | null, colours: boolean): string[] {
  if (step.locked)
    return step.reachable
      ? ["locked: it never runs, and a run that gets there ends with status 126"]
      : ["locked, and cannot be reached"];
  return [
    HOW[step.via],
    ...riskMarks(step, colours),
    ...policyMarks(step, verdicts),
    ...(step.reachable ? [] : ["cannot be reached: it waits for a locked step"]),
  ];
}

function riskMarks({ risk, act }: PlannedStep, colours: boolean): string[] {
  if (act.kind === "request") return [];
  return [risk === null ? "risk not rated" : `risk ${riskWord(risk, colours)}`];
}

const COLOURS = { SAFE: "green", CAUTION: "yellow", CRITICAL: "red" } as const;

/** Green, amber or red, where there are colours. */
export function riskWord({ level }: NonNullable<Risk>, colours: boolean): string {
  return colours ? styleText(COLOURS[level], level, { validateStream: false }) : level;
}

function policyMarks({ act }: PlannedStep, verdicts: Verdicts | null): string[] {
  if (act.kind !== "request") return [];
  if (verdicts === null) return ["the helper's policy is not known"];
  const verdict = verdicts[argvOf(act.request).join(" ")] ?? "deny";
  if (verdict === "guard") return ["guarded: refused without a person's grant"];
  return verdict === "deny" ? ["not in the policy: it will be refused"] : [];
}

function commandLines({ act }: PlannedStep): string[] {
  switch (act.kind) {
    case "request":
      return [escapeLine(argvOf(act.request).join(" "))];
    case "code":
      return [`${act.language}:`, ...barred(act.text)];
    case "run":
      return act.text === null ? act.argv.map(quote) : barred(act.text);
    default:
      return act satisfies never;
  }
}

/** Each line marked, so that none of it can pass for anything else. */
function barred(text: string): string[] {
  return escapeBlock(text.replace(/\n$/, ""))
    .split("\n")
    .map((line) => `| ${line}`);
}

/** With the inputs in it; secrets, and what steps will print, as they are written. */
function templateText(template: Template, { inputs }: Plan): string {
  const text = template.map((part) => {
    if ("text" in part) return part.text;
    if ("stdout" in part) return `\${steps.${part.stdout}.stdout}`;
    return inputs[part.input] ?? `\${inputs.${part.input}}`;
  });
  return quote(text.join(""));
}
