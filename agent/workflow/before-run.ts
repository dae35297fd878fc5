/** All that is known against a plan before it begins, here and by this process. */
import { refusedCode } from "./code-preflight.ts";
import type { Parts } from "./parts.ts";
import type { Plan } from "./plan.ts";
import { obstacleTo, type Obstacle } from "./preflight.ts";

/** Null: it may begin. */
export async function obstacleAhead(plan: Plan, parts: Parts): Promise<Obstacle | null> {
  const there = {
    terminals: parts.terminals !== null,
    sandbox: parts.sandbox,
    root: process.geteuid?.() === 0,
  };
  return obstacleTo(plan, there) ?? (await refusedCode(plan, parts.sandboxes));
}
