/**
 * What a run would do, computed where it will run: the exact commands, who runs them and where. A person authorises a
 * plan by its digest; another file, other inputs, another user or host make another one.
 */
import { z } from "zod";
import { digestOf } from "./canonical.ts";
import { impossible } from "./reach.ts";
import type { Risk } from "./risk.ts";
import type { Step, Workflow } from "./step.ts";

export type PlannedStep = Omit<Step, "cwd"> & {
  /** What executes it. */
  via: "terminal" | "sandbox" | "unsandboxed" | "helper";
  cwd: string;
  /** What a sandboxed step may read of this host: the folder that it names. */
  workspace: string | null;
  /** False: it waits for a locked step to have run. */
  reachable: boolean;
  /** Null: nothing here has rated it; see risk.ts. */
  risk: Risk;
};

export type Plan = {
  v: 1;
  name: string;
  user: { uid: number; name: string };
  /** Its name, and a hash of what systemd knows it by: a home may be shared by many. */
  host: { name: string; machine: string };
  /** Where steps run that do not say it. */
  cwd: string;
  /** Null: a secret, which is given when the plan is authorised and is nowhere else. */
  inputs: Readonly<Record<string, string | null>>;
  /** Each after those that it needs. */
  steps: readonly PlannedStep[];
  /** SHA-256 in hex over all of the above that decides what runs. */
  digest: string;
};

/** Who runs a plan, and where. */
export type Surroundings = Pick<Plan, "user" | "host" | "cwd">;

/** `inputs`: a value for each that is no secret. */
export function makePlan(
  { name, inputs, steps }: Workflow,
  values: ReadonlyMap<string, string>,
  { user, host, cwd }: Surroundings,
): Plan {
  const behind = impossible(steps, { locks: true });
  const planned = steps.map((step): PlannedStep => {
    const via = viaOf(step);
    const workspace = via === "sandbox" ? step.cwd : null;
    const reachable = !behind.has(step.id);
    return { ...step, cwd: step.cwd ?? cwd, workspace, via, reachable, risk: null };
  });
  const plan = {
    v: 1,
    name,
    user,
    host,
    cwd,
    inputs: Object.fromEntries(
      inputs.map(({ name: input, secret }) => [input, secret ? null : (values.get(input) ?? "")]),
    ),
    steps: planned,
  } as const;
  return { ...plan, digest: planDigest(plan) };
}

function viaOf({ act, sudoLock, sandbox }: Step): PlannedStep["via"] {
  if (act.kind === "request") return "helper";
  if (sudoLock) return "terminal";
  return sandbox ? "sandbox" : "unsandboxed";
}

function planDigest({ steps, ...plan }: Omit<Plan, "digest">): string {
  // How it is rated may change from one version to the next; what it does is the same.
  return digestOf({ ...plan, steps: steps.map((step) => ({ ...step, risk: null })) });
}

/** A plan that was written down, if it still is the one of its digest. */
export function storedPlan(text: string): Plan | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const { success } = outline.safeParse(value);
  if (!success) return null;
  const { digest, ...plan } = value as Plan;
  return planDigest(plan) === digest ? { ...plan, digest } : null;
}

/** Enough to compute a digest; the digest vouches for the rest. */
const outline = z.looseObject({
  v: z.literal(1),
  digest: z.string(),
  steps: z.array(z.looseObject({ id: z.string() })),
});

/** The steps for which a password is asked: those that can be reached and will run. */
export function privilegedSteps({ steps }: Pick<Plan, "steps">): PlannedStep[] {
  return steps.filter((step) => step.via === "terminal" && step.reachable && !step.locked);
}

/** A reachable one makes the run end with 126 if it gets there. */
export function lockedSteps({ steps }: Pick<Plan, "steps">): PlannedStep[] {
  return steps.filter((step) => step.locked && step.reachable);
}

export function secretInputs({ inputs }: Pick<Plan, "inputs">): string[] {
  return Object.entries(inputs).flatMap(([name, value]) => (value === null ? [name] : []));
}
