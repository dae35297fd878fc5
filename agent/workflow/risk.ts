/** How dangerous the steps of a plan are: the one place where their level is decided. */
import { worse, type Level } from "../risk/level.ts";
import type { Act } from "./step.ts";
import type { Plan, PlannedStep } from "./plan.ts";

/** `reasons`: for a person, and never text of the command. */
export type Risk = { level: Level; reasons: readonly string[] } | null;

const INTERPRETERS = {
  bash: ["bash", "-c"],
  python: ["python3", "-c"],
  node: ["node", "-e"],
} as const;

/** Loads the judge, once. Requests are left to the helper's policy. */
export async function rated(plan: Plan): Promise<Plan> {
  const { openRisk } = await import("../risk/open.ts");
  const judge = await openRisk();
  const riskOf = ({ act, sudoLock }: PlannedStep): Risk => {
    if (act.kind === "request") return null;
    const { level, reasons } =
      act.kind === "run" && act.text !== null
        ? judge.riskOf(act.text)
        : judge.riskOfArgv(argvOf(act));
    const texts = reasons.map(({ text }) => text);
    // Whatever its text says, a program that it starts may ask sudo.
    if (sudoLock) return { level: worse(level, "CAUTION"), reasons: ["it may use sudo", ...texts] };
    return { level, reasons: texts };
  };
  return { ...plan, steps: plan.steps.map((step) => ({ ...step, risk: riskOf(step) })) };
}

function argvOf(act: Exclude<Act, { kind: "request" }>): readonly string[] {
  return act.kind === "run" ? act.argv : [...INTERPRETERS[act.language], act.text];
}
