// Decides what the policy in force says of a request; the administrator may have narrowed it.
// If it were wrong, an agent would get what nobody allowed; so denial is the fall-through.
import { lstatSync, readFileSync } from "node:fs";
import type { PackageRequest, ServiceRequest, Verdict } from "../protocol/operation.ts";
import type { Verdicts } from "../protocol/reply.ts";
import { VERDICTS } from "./policy.ts";
import { distrust } from "./trust.ts";

const NARROWING = "/etc/sallyport/policy.json";
const STRICTNESS = ["allow", "guard", "deny"];

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
    return narrowed(JSON.parse(readFileSync(NARROWING, "utf8")) as Partial<Verdicts>);
  } catch (error) {
    return { unusable: `${NARROWING}: ${String(error)}` };
  }
}

/** What widens or matches nothing compiled in is an error: a misspelt denial must not pass for one. */
function narrowed(file: Partial<Verdicts>): Verdicts {
  const result = structuredClone(VERDICTS);
  for (const [section, rows] of Object.entries(file))
    for (const [name, row] of Object.entries(rows))
      for (const [action, verdict] of Object.entries(row)) {
        const target = own(own<Verdicts["system"]>(result, section), name);
        const before = STRICTNESS.indexOf(own(target, action) ?? "deny");
        if (target === undefined || STRICTNESS.indexOf(verdict) < before)
          throw new Error(`${section} ${name} ${action} would be widened, or is unknown`);
        target[action] = verdict;
      }
  return result;
}
