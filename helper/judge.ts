// Decides what the policy in force says of a request; the administrator may have narrowed it.
// If it were wrong, an agent would get what nobody allowed; so denial is the fall-through.
import * as fs from "node:fs";
import type { PackageRequest, ServiceRequest, Verdict } from "../protocol/operation.ts";
import type { Verdicts } from "../protocol/reply.ts";
import { VERDICTS } from "./policy.ts";
import { distrust } from "./trust.ts";

const NARROWING = "/etc/sallyport/policy.json";
const MAX_BYTES = 65_536;
const STRICTNESS = ["allow", "guard", "deny"];

/** Never a property of Object.prototype. */
function own<T>(table: Record<string, T> | undefined, key: string): T | undefined {
  return table !== undefined && Object.hasOwn(table, key) ? table[key] : undefined;
}

export function judge(
  { kind, action, name }: ServiceRequest | PackageRequest,
  { services, packages, system }: Verdicts,
): Verdict {
  const rows = kind === "service" ? services : name === null ? system : packages;
  return own(own(rows, name ?? "*"), action) ?? "deny";
}

/** The policy in force, or why the narrowing file is unusable: then everything is denied. */
export function policyInForce(): Verdicts | { unusable: string } {
  if (fs.lstatSync(NARROWING, { throwIfNoEntry: false }) === undefined) return VERDICTS;
  const flaw = distrust(NARROWING);
  if (flaw !== null) return { unusable: flaw };
  try {
    const { size } = fs.statSync(NARROWING);
    if (!fs.statSync(NARROWING).isFile() || size > MAX_BYTES) throw new Error("not a small file");
    return narrowed(JSON.parse(fs.readFileSync(NARROWING, "utf8")) as Partial<Verdicts>);
  } catch (error) {
    return { unusable: `${NARROWING}: ${String(error)}` };
  }
}

/** What widens, or matches nothing compiled in, is an error: a misspelt denial must not pass for one. */
function narrowed(file: Partial<Verdicts>): Verdicts {
  const result = structuredClone(VERDICTS);
  for (const [section, rows] of Object.entries(file))
    for (const [name, row] of Object.entries(rows))
      for (const [action, verdict] of Object.entries(row)) {
        const target = own(own<Verdicts["system"]>(result, section), name);
        const before = STRICTNESS.indexOf(own(target, action) ?? "");
        if (target === undefined || before === -1 || STRICTNESS.indexOf(verdict) < before)
          throw new Error(`${section} ${name} ${action} is unknown or would be widened`);
        target[action] = verdict;
      }
  return result;
}
