// Decides what the policy in force says of a request; the administrator may have narrowed it.
// If it were wrong, an agent would get what nobody allowed; so denial is the fall-through.
import { lstatSync, readFileSync } from "node:fs";
import type { Verdict } from "../protocol/operation.ts";
import type { Verdicts } from "../protocol/reply.ts";
import { parseObject } from "./json.ts";
import { VERDICTS } from "./policy.ts";
import { distrust } from "./trust.ts";

const NARROWING = "/etc/sallyport/policy.json";
const STRICTNESS: readonly unknown[] = ["allow", "guard", "deny"];

/** Never by a property of Object.prototype. */
export function judge(wish: string, policy: Verdicts): Verdict {
  return (Object.hasOwn(policy, wish) ? policy[wish] : undefined) ?? "deny";
}

/** The policy in force, or why the file that narrows it is unusable: then everything is denied. */
export function policyInForce(): Verdicts | string {
  const file = lstatSync(NARROWING, { throwIfNoEntry: false });
  if (file === undefined) return VERDICTS;
  const flaw = distrust(NARROWING);
  if (flaw !== null) return flaw;
  if (!file.isFile() || file.size > 65_536) return `${NARROWING} is no small file`;
  try {
    return { ...VERDICTS, ...narrowing(readFileSync(NARROWING, "utf8")) };
  } catch (error) {
    return `${NARROWING}: ${String(error)}`;
  }
}

/** What widens or matches nothing compiled in is an error: a misspelt denial must not pass for one. */
function narrowing(text: string): Verdicts {
  const file = parseObject(text);
  for (const [wish, verdict] of Object.entries(file)) {
    const stricter = STRICTNESS.indexOf(verdict) >= STRICTNESS.indexOf(VERDICTS[wish]);
    if (!Object.hasOwn(VERDICTS, wish) || !stricter)
      throw new Error(`"${wish}" is unknown or would be widened`);
  }
  return file as Verdicts;
}
