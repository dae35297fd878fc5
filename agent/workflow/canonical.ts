/** One text for one meaning: what is hashed must not depend on the order in which keys were written. */
import { createHash } from "node:crypto";

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** JSON with the keys of every object sorted by code unit. */
function canonicalJson(value: Json): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(
          Object.entries(part).toSorted(([one], [other]) => (one < other ? -1 : 1)),
        )
      : part,
  );
}

/** SHA-256 in lowercase hex. `value`: plain data. */
export function digestOf(value: object): string {
  return createHash("sha256")
    .update(canonicalJson(value as Json))
    .digest("hex");
}
