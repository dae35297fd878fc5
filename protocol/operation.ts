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
/** A guarded request's words, or all that decides what a step does, as JSON; `claim` is the agent's word for why. */
export type GrantRequest =
  | { kind: "grant"; action: "request"; subject: string; claim: string }
  | { kind: "grant"; action: "use"; subject: string }
  | { kind: "grant"; action: "check" };
type PlainRequest = { kind: "policy" } | { kind: "version" } | { kind: "audit" };
type ReportRequest = { kind: "report"; text: string }; // for the audit log, in its caller's own words
export type Request = ServiceRequest | PackageRequest | GrantRequest | ReportRequest | PlainRequest;

/** In UTF-8; what is longer is malformed. */
export const [NAME_MAX_BYTES, SUBJECT_MAX_BYTES, CLAIM_MAX_BYTES] = [128, 16_384, 1024];
export const REPORT = /^\P{C}{1,512}$/u;
/** Words, not 0 and 1: one flipped bit must not allow (CVE-2023-42465). */
export type Verdict = "allow" | "guard" | "deny";
