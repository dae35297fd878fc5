// The closed set of things an agent can ask for: the words both halves share.
const CHANGES = ["start", "stop", "restart", "reload", "enable", "disable"] as const;
export const SERVICE_ACTIONS = [...CHANGES, "status", "logs"] as const;
export const NAMED_PACKAGE_ACTIONS = ["install", "remove", "upgrade", "info"] as const;
export const SYSTEM_PACKAGE_ACTIONS = ["update", "upgrade", "autoremove", "autoclean"] as const;

export const PLAIN_REQUESTS = ["policy", "version", "audit"] as const; // audit: one's own records

type Of<Words extends readonly string[]> = Words[number];
export type ServiceRequest = { kind: "service"; action: Of<typeof SERVICE_ACTIONS>; name: string };
/** Without a name it concerns the whole system. */
export type PackageRequest =
  | { kind: "package"; action: Of<typeof NAMED_PACKAGE_ACTIONS>; name: string }
  | { kind: "package"; action: Of<typeof SYSTEM_PACKAGE_ACTIONS>; name: null };
type PlainRequest = { kind: "policy" } | { kind: "version" } | { kind: "audit" };
export type Request = ServiceRequest | PackageRequest | PlainRequest;

/** Longest name that is a name at all, in UTF-8 bytes; a longer one is malformed. */
export const NAME_MAX_BYTES = 128;
/** Words, not 0 and 1: one flipped bit must not allow (CVE-2023-42465). */
export type Verdict = "allow" | "guard" | "deny";
