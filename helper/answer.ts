// Decides the order: defend, parse, judge, record, act, record, reply; refusals come first.
// If it were wrong, something could be done as root that was not judged or not written down.
import { writeFileSync } from "node:fs";
import type { PackageRequest, ServiceRequest } from "../protocol/operation.ts";
import { EXIT_STATUS, LOCKDOWN, type Reply } from "../protocol/reply.ts";
import { append, lock, lockedDown, ownRecords } from "./audit.ts";
import { refuseToStart } from "./defence.ts";
import { granted, grants, note } from "./grants.ts";
import { judge, parse, policyInForce } from "./judge.ts";
import { DEADLINE_SECONDS } from "./policy.ts";
import { refused, told, type Refusal, type Result } from "./result.ts";

declare const BUILD: { version: string; buildId: string; policyHash: string };
const USAGE = `usage: service ACTION NAME | package ACTION [NAME] | policy | version | audit
  | grant request SUBJECT CLAIM | grant use SUBJECT | grant check | report TEXT`;

/** `tell` passes on what programs say meanwhile; `detached`: in a process that sudo does not know. */
export type Call = {
  tell: ((stream: "stdout" | "stderr", text: string) => Promise<unknown>) | null;
} & { words: readonly string[]; requestId: string; detached: boolean; started: number };

/** The reply, or null where another process has said it; and its exit status. */
export async function answer(call: Call): Promise<{ reply: Reply | null; status: number }> {
  const result = await resultOf(call).catch((error) => failed(call, error));
  if (typeof result === "number") return { reply: null, status: result };
  const { outcome, data, error } = result;
  const facts = { durationMs: Date.now() - call.started, requestId: call.requestId, data };
  const said = error && { code: error.code, message: error.message };
  const reply: Reply = { v: 1, success: error === null, ...outcome, ...facts, error: said };
  return { reply, status: error === null ? 0 : EXIT_STATUS[error.code] };
}

/** What a process is does not change: a session is examined once. */
let examined: { unfit: Refusal | null } | undefined;

async function resultOf(call: Call): Promise<Result | number> {
  const { unfit } = (examined ??= { unfit: refuseToStart() });
  // Who is not root, or may write no byte, cannot leave a record; it is refused all the same.
  if (unfit !== null) return await refuse(call, unfit).catch(() => unfit);
  const decided = decide(call);
  if (!("error" in decided)) return await act(call, decided);
  return decided.error === null ? decided : await refuse(call, decided as Refusal);
}

/** `guarded`: only by taking one use of a grant. */
type Act = (ServiceRequest | PackageRequest) & { guarded: boolean };
const needsGrant = (wish: string) => refused("grant_required", `a person must grant: ${wish}`);
const LOCKED_DOWN = refused("locked_down", "this host is locked down", LOCKDOWN);

/** What may be done, or else the answer. */
function decide(call: Call): Act | Result {
  const request = parse(call.words);
  if (request === null) return refused("usage", USAGE, "not a request");
  if (request.kind === "version") return told({ kind: "version", ...BUILD });
  if (request.kind === "report") return note(call, "reported", request.text);
  if (lockedDown()) return LOCKED_DOWN;
  const verdicts = policyInForce();
  if (typeof verdicts === "string")
    return refused("not_allowed", "the policy file is unusable", verdicts);
  const { policyHash } = BUILD;
  if (request.kind === "policy") return told({ kind: "policy", verdicts, policyHash });
  if (request.kind === "audit") return told(ownRecords());
  if (request.kind === "grant") return grants(request, verdicts, call);
  const wish = call.words.join(" ");
  const verdict = judge(wish, verdicts);
  const guarded = verdict === "guard";
  if (guarded && !granted(wish, call, false)) return needsGrant(wish);
  if (guarded || verdict === "allow") return { ...request, guarded };
  return refused("not_allowed", "security violation: not in the policy");
}

/** What cannot be recorded is not done. Modules that only an act needs are loaded only for one. */
async function act(call: Call, request: Act): Promise<Result | number> {
  const kind = ["status", "logs", "info"].includes(request.action) ? "read" : request.kind;
  // SIGALRM makes every sudo kill its child; a change must not end with that, half done or unrecorded.
  if (kind !== "read" && !call.detached)
    return (await import("./run.ts")).handOver(call) ?? failed(call, "it was killed");
  using held = kind === "package" ? lock("package", 60) : undefined;
  if (held === null)
    return await refuse(call, refused("busy", "another package action is running"));
  const again = decide(call); // it may have waited long
  if ("error" in again) return await refuse(call, again as Refusal);
  const wish = call.words.join(" ");
  if (request.guarded && !granted(wish, call, true)) return await refuse(call, needsGrant(wish));
  if (!append(call, { phase: "begin", decision: "allow", rule: wish }, kind !== "read"))
    return await refuse(call, LOCKED_DOWN);
  const deadline = Date.now() + DEADLINE_SECONDS[kind] * 1000;
  const within = { ...call, deadline, graceMs: kind === "package" ? 10_000 : 0 };
  const acting =
    request.kind === "service"
      ? (await import("./service.ts")).service(request, within)
      : (await import("./package.ts")).packages(request, within);
  const result = await acting.catch((error) => failed(call, error));
  const { code = null, reason: rule = wish } = result.error ?? {};
  const { exitCode, timedOut } = result.outcome;
  const end = { code, exitCode, timedOut, durationMs: Date.now() - call.started };
  const decision = code === "not_allowed" || code === "unsafe" ? code : "allow";
  // What could not be recorded now has happened all the same, and the reply says so.
  const record = async () => append(call, { phase: "end", decision, rule, result: end }, false);
  await record().catch((error) => failed(call, error));
  return result;
}

/** A refusal is on record before it is spoken. */
async function refuse(call: Call, refusal: Refusal): Promise<Result> {
  const { code: decision, reason: rule } = refusal.error;
  append(call, { phase: "refused", decision, rule }, false);
  return refusal;
}

/** What went wrong goes to the kernel's log, and so to the administrator's journal; the caller must not read it. */
function failed({ requestId }: Call, error: unknown): Refusal {
  try {
    writeFileSync("/dev/kmsg", `<3>sallyport-helper: ${requestId}: ${String(error)}`);
  } catch {} // a container may have no kernel log
  return refused("internal", "the helper failed, or cannot write the audit log", String(error));
}
