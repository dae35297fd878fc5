// Decides whether words are a request at all, and what the policy in force says of one: an administrator may
// have narrowed it. If it were wrong, an agent would get what nobody allowed; so denial is the fall-through.
import { lstatSync, readFileSync } from "node:fs";
import * as operation from "../protocol/operation.ts";
import type { Verdicts } from "../protocol/reply.ts";
import { distrust } from "./defence.ts";
import { VERDICTS } from "./policy.ts";

const NARROWING = "/etc/sallyport/policy.json";
const STRICTNESS: readonly unknown[] = ["allow", "guard", "deny"];

function oneOf<T extends string>(words: readonly T[], word: string | undefined): word is T {
  return words.some((known) => known === word);
}

/** The request in argv (without the program's own name), or null where it is malformed. */
export function parse(words: readonly string[]): operation.Request | null {
  const [kind, action, name, claim, ...rest] = words;
  const most = kind === "grant" ? operation.SUBJECT_MAX_BYTES : operation.NAME_MAX_BYTES;
  if (rest.length > 0 || name === "" || Buffer.byteLength(name ?? "") > most) return null;
  if (Buffer.byteLength(claim ?? "") > operation.CLAIM_MAX_BYTES) return null;
  if (kind === "grant" && action === "request" && name !== undefined && claim !== undefined)
    return { kind, action, subject: name, claim };
  if (claim !== undefined) return null;
  if (kind === "grant" && action === "use" && name?.startsWith("{"))
    return { kind, action, subject: name };
  if (kind === "grant" && action === "check" && name === undefined) return { kind, action };
  if (kind === "report" && name === undefined && operation.REPORT.test(action ?? ""))
    return { kind, text: action ?? "" };
  if (oneOf(operation.PLAIN_REQUESTS, kind) && action === undefined) return { kind };
  if (kind === "service" && name !== undefined && oneOf(operation.SERVICE_ACTIONS, action))
    return { kind, action, name };
  if (kind === "package" && name !== undefined && oneOf(operation.NAMED_PACKAGE_ACTIONS, action))
    return { kind, action, name };
  if (kind === "package" && name === undefined && oneOf(operation.SYSTEM_PACKAGE_ACTIONS, action))
    return { kind, action, name: null };
  return null;
}

/** The object in `text`; throws where there is none, or where JSON.parse would drop a key. */
export function parseObject(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Error("not an object");
  // JSON.parse takes the last of two equal keys; a denial must not be lost like that.
  const bare = (json: string): string => json.replace(/\s/g, "");
  if (bare(JSON.stringify(value)) !== bare(text)) throw new Error("a key stands twice");
  return value as Record<string, unknown>;
}

/** Never by a property of Object.prototype. */
export function judge(wish: string, policy: Verdicts): operation.Verdict {
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
