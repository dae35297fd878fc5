// Decides whether the words of argv are a request at all.
// If it were wrong, words nobody defined would reach the policy; names are judged there, not here.
import { CLAIM_MAX_BYTES, GRANT_ID, SUBJECT_MAX_BYTES } from "../protocol/grant.ts";
import * as operation from "../protocol/operation.ts";
import { parseObject } from "./json.ts";

function oneOf<T extends string>(words: readonly T[], word: string | undefined): word is T {
  return words.some((known) => known === word);
}

/** The request in argv (without the program's own name), or null where it is malformed. */
export function parse(words: readonly string[]): operation.Request | null {
  if (words[0] === "grant") return grantIn(words.slice(1));
  const [kind, action, name, ...rest] = words;
  if (rest.length > 0 || name === "") return null;
  if (Buffer.byteLength(name ?? "") > operation.NAME_MAX_BYTES) return null;
  if (oneOf(operation.PLAIN_REQUESTS, kind) && action === undefined) return { kind };
  if (kind === "service" && name !== undefined && oneOf(operation.SERVICE_ACTIONS, action))
    return { kind, action, name };
  if (kind === "package" && name !== undefined && oneOf(operation.NAMED_PACKAGE_ACTIONS, action))
    return { kind, action, name };
  if (kind === "package" && name === undefined && oneOf(operation.SYSTEM_PACKAGE_ACTIONS, action))
    return { kind, action, name: null };
  return null;
}

function grantIn([action, first, second, ...rest]: readonly string[]): operation.Request | null {
  const [kind, id] = ["grant", GRANT_ID.test(first ?? "") ? first : undefined] as const;
  if (rest.length > 0) return null;
  if (action === "request" && isSubject(first) && isShort(second, CLAIM_MAX_BYTES))
    return { kind, action, subject: first, claim: second };
  if (action === "use" && id !== undefined && isSubject(second))
    return { kind, action, id, subject: second };
  if (action === "check" && second === undefined && id === first)
    return { kind, action, id: id ?? null };
  return null;
}

function isShort(text: string | undefined, most: number): text is string {
  return text !== undefined && Buffer.byteLength(text) <= most;
}

/** Words of a request, or an object that means one thing. */
function isSubject(text: string | undefined): text is string {
  if (!isShort(text, SUBJECT_MAX_BYTES)) return false;
  if (!text.startsWith("{")) return parse(text.split(" ")) !== null;
  try {
    return JSON.stringify(parseObject(text)) === text;
  } catch {
    return false;
  }
}
