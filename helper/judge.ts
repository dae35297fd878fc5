// Decides what the policy in force says of a request; the administrator may have narrowed it.
// If it were wrong, an agent would get what nobody allowed; so denial is the fall-through.
import { lstatSync, readFileSync } from "node:fs";
import type { PackageRequest, ServiceRequest, Verdict } from "../protocol/operation.ts";
import type { Verdicts } from "../protocol/reply.ts";
import { VERDICTS } from "./policy.ts";
import { distrust } from "./trust.ts";

const NARROWING = "/etc/sallyport/policy.json";
const STRICTNESS: readonly Verdict[] = ["allow", "guard", "deny"];

/** Never a property of Object.prototype. */
function own<T>(table: Record<string, T> | undefined, key: string): T | undefined {
  return table !== undefined && Object.hasOwn(table, key) ? table[key] : undefined;
}

export function judge(request: ServiceRequest | PackageRequest, policy: Verdicts): Verdict {
  const { kind, action, name } = request;
  const section = kind === "service" ? "services" : name === null ? "system" : "packages";
  return own(own(policy[section], name ?? "*"), action) ?? "deny";
}

/** The policy in force, or why the file that narrows it is unusable: then everything is denied. */
export function policyInForce(): Verdicts | { unusable: string } {
  const file = lstatSync(NARROWING, { throwIfNoEntry: false });
  if (file === undefined) return VERDICTS;
  const flaw = distrust(NARROWING);
  if (flaw !== null) return { unusable: flaw };
  if (!file.isFile() || file.size > 65_536) return { unusable: `${NARROWING} is no small file` };
  try {
    return narrowed(readFileSync(NARROWING, "utf8"));
  } catch (error) {
    return { unusable: `${NARROWING}: ${String(error)}` };
  }
}

/** What widens or matches nothing compiled in is an error: a misspelt denial must not pass for one. */
function narrowed(text: string): Verdicts {
  const file: unknown = JSON.parse(text);
  // JSON.parse takes the last of two equal keys; a denial must not be lost like that.
  if (JSON.stringify(file) !== text.replace(/\s/g, "")) throw new Error("a key stands twice");
  // Not structuredClone: names that share one row in policy.ts would still share it.
  const result = JSON.parse(JSON.stringify(VERDICTS)) as Verdicts;
  for (const [section, rows] of entries(file))
    for (const [name, row] of entries(rows))
      for (const [action, verdict] of entries(row)) {
        const target = own(own<Verdicts["system"]>(result, section), name);
        const before = own(target, action);
        const stricter =
          STRICTNESS.indexOf(verdict as Verdict) >= STRICTNESS.indexOf(before ?? "deny");
        if (target === undefined || before === undefined || !stricter)
          throw new Error(`${section} ${name} ${action} is unknown or would be widened`);
        target[action] = verdict as Verdict;
      }
  return result;
}

function entries(value: unknown): [string, unknown][] {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return Object.entries(value);
  throw new Error("not an object");
}
