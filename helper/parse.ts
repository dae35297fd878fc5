// Decides whether the words of argv are a request at all.
// If it were wrong, words nobody defined would reach the policy; names are judged there, not here.
import * as operation from "../protocol/operation.ts";

function oneOf<T extends string>(words: readonly T[], word: string | undefined): word is T {
  return words.some((known) => known === word);
}

/** The request in argv (without the program's own name), or null where it is malformed. */
export function parse(words: readonly string[]): operation.Request | null {
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
