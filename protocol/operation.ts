/** The closed set of things an agent can ask for: the words both halves share. */

export const SERVICE_ACTIONS = [
  "start",
  "stop",
  "restart",
  "reload",
  "enable",
  "disable",
  "status",
  "logs",
] as const;
export const NAMED_PACKAGE_ACTIONS = ["install", "remove", "upgrade", "info"] as const;
export const SYSTEM_PACKAGE_ACTIONS = ["update", "upgrade", "autoremove", "autoclean"] as const;

export type ServiceAction = (typeof SERVICE_ACTIONS)[number];
export type NamedPackageAction = (typeof NAMED_PACKAGE_ACTIONS)[number];
export type SystemPackageAction = (typeof SYSTEM_PACKAGE_ACTIONS)[number];

/** One request. A package request without a name concerns the whole system. */
export type Request =
  | { kind: "service"; action: ServiceAction; name: string }
  | { kind: "package"; action: NamedPackageAction; name: string }
  | { kind: "package"; action: SystemPackageAction; name: null }
  | { kind: "policy" }
  | { kind: "version" };

/** The words of a request, as they stand in argv after the program's name. */
export function argvOf(request: Request): string[] {
  if (request.kind === "policy" || request.kind === "version") return [request.kind];
  if (request.name === null) return [request.kind, request.action];
  return [request.kind, request.action, request.name];
}

/** Longest name that is a name at all, in UTF-8 bytes; a longer one is malformed. */
export const NAME_MAX_BYTES = 128;

/** What a policy says of one thing and one action. Words, not 0 and 1: one flipped bit must not allow (CVE-2023-42465). */
export type Verdict = "allow" | "guard" | "deny";

/** Whether an action only reads. Reads are recorded without waiting for the disk. */
export function isRead(request: Request): boolean {
  return (
    request.kind === "policy" ||
    request.kind === "version" ||
    ["status", "logs", "info"].includes(request.action)
  );
}
