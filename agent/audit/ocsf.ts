/**
 * A record as an event of the Open Cybersecurity Schema Framework: API Activity (6003) of version 1.7.0, whose required
 * attributes are those of https://schema.ocsf.io/1.7.0/classes/api_activity.
 */
import type { AuditRecord } from "./record.ts";

const VERSION = "1.7.0";
const [CATEGORY, CLASS] = [6, 6003];
const [CREATE, READ, UPDATE, DELETE, OTHER] = [1, 2, 3, 4, 99];
const ACTIVITY: Record<string, number> = {
  "service status": READ,
  "service logs": READ,
  "package info": READ,
  "package install": CREATE,
  "package remove": DELETE,
  "package autoremove": DELETE,
  "package autoclean": DELETE,
  "grant request": CREATE,
  "grant check": READ,
  "grant use": UPDATE,
};
const NAMES: Record<number, string> = {
  [CREATE]: "Create",
  [READ]: "Read",
  [UPDATE]: "Update",
  [DELETE]: "Delete",
  [OTHER]: "Other",
};
const [UNKNOWN, SUCCESS, FAILURE] = [0, 1, 2];
const [INFORMATIONAL, MEDIUM] = [1, 3];
/** What somebody should look at, sooner or later. */
const SUSPECT = ["not_allowed", "unsafe", "internal", "locked_down"];

/** `host`: whose log it is. `productVersion`: of this program, null where it was not built. */
export function ocsfEvent(record: AuditRecord, host: string, productVersion: string | null) {
  const { seq, time, boot, uid, user, via, requestId, phase, argv, decision, rule, result } =
    record;
  const [kind = "", action = "", name] = argv;
  const change = kind === "service" || kind === "package" ? UPDATE : OTHER;
  const activity = ACTIVITY[`${kind} ${action}`] ?? change;
  const status = statusOf(record);
  return {
    activity_id: activity,
    activity_name: NAMES[activity],
    category_uid: CATEGORY,
    class_uid: CLASS,
    type_uid: CLASS * 100 + activity,
    severity_id: SUSPECT.includes(decision) ? MEDIUM : INFORMATIONAL,
    status_id: status,
    status_code: result?.code ?? decision,
    ...(rule === "" ? {} : { status_detail: rule }),
    time: Date.parse(time),
    ...(result === undefined ? {} : { duration: result.durationMs }),
    message: `${phase}: ${argv.join(" ")}`,
    metadata: {
      version: VERSION,
      product: {
        name: "sallyport",
        vendor_name: "Sallyport",
        ...(productVersion === null ? {} : { version: productVersion }),
      },
      uid: record.hash,
      sequence: seq,
      original_time: time,
      correlation_uid: requestId,
      event_code: phase,
      log_name: "audit.jsonl",
      log_provider: "sallyport-helper",
    },
    actor: { user: { uid: String(uid ?? "unknown"), ...(user === null ? {} : { name: user }) } },
    api: {
      operation: [kind, action].filter((word) => word !== "").join(" ") || "none",
      service: { name: "sallyport-helper" },
      request: { uid: requestId },
      ...(result === undefined
        ? {}
        : {
            response: {
              ...(result.exitCode === null ? {} : { code: result.exitCode }),
              ...(result.code === null ? {} : { error: result.code }),
            },
          }),
    },
    src_endpoint: { hostname: host, svc_name: via },
    ...(name === undefined || change === OTHER ? {} : { resources: [{ name, type: kind }] }),
    unmapped: { argv, decision, boot, policyHash: record.policyHash, prev: record.prev },
  };
}

function statusOf({ phase, decision, result }: AuditRecord): number {
  switch (phase) {
    case "refused":
      return FAILURE;
    case "begin":
      return UNKNOWN;
    case "end":
      return result?.code === null ? SUCCESS : FAILURE;
    case "note":
      return decision === "denied" || decision === "expired" ? FAILURE : SUCCESS;
    default:
      return phase satisfies never;
  }
}
