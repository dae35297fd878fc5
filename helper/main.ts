// Decides the order: defend, parse, judge, record, act, record, reply; refusals come first.
// If it were wrong, something could be done as root that was not judged or not written down.
import { lstatSync, writeFileSync, writeSync } from "node:fs";
import type { PackageRequest, ServiceRequest } from "../protocol/operation.ts";
import { EXIT_STATUS, type Reply } from "../protocol/reply.ts";
import type { Entry } from "./audit.ts";
import { ignoreSignals, refuseToStart } from "./defence.ts";
import { judge, policyInForce } from "./judge.ts";
import { parse } from "./parse.ts";
import { DEADLINE_SECONDS } from "./policy.ts";
import { refused, told, type Refusal, type Result } from "./result.ts";

declare const BUILD: { version: string; buildId: string; policyHash: string };
const LOCKDOWN = "/var/lib/sallyport/lockdown";
const USAGE = "usage: service ACTION NAME | package ACTION [NAME] | policy | version";
const started = Date.now();
const argv = process.argv.slice(2);
const wish = argv.join(" ");
const requestId = `${started}-${process.pid}`;
type Fact = Omit<Entry, "requestId" | "argv" | "policyHash">;

/** What may be done, or else the answer. */
function decide(): ServiceRequest | PackageRequest | Result {
  const request = parse(argv);
  if (request === null) return refused("usage", USAGE, "not a request");
  if (request.kind === "version") return told({ kind: "version", ...BUILD });
  if (lstatSync(LOCKDOWN, { throwIfNoEntry: false }) !== undefined)
    return refused("locked_down", "this host is locked down", LOCKDOWN);
  const verdicts = policyInForce();
  if (typeof verdicts === "string")
    return refused("not_allowed", "the policy file is unusable", verdicts);
  const { policyHash } = BUILD;
  if (request.kind === "policy") return told({ kind: "policy", verdicts, policyHash });
  if (!("action" in request)) return refused("usage", USAGE, "not yet");
  const verdict = judge(wish, verdicts);
  if (verdict === "allow") return request;
  if (verdict === "guard") return refused("grant_required", `a person must grant: ${wish}`);
  return refused("not_allowed", "security violation: not in the policy");
}

async function answer(): Promise<Result> {
  const unfit = refuseToStart();
  // Who is not root, or may write no byte, cannot leave a record; it is refused all the same.
  if (unfit !== null) return await refuse(unfit).catch(() => unfit);
  const decided = decide();
  if (!("error" in decided)) return await act(decided);
  return decided.error === null ? decided : await refuse(decided as Refusal);
}

/** What cannot be recorded is not done. Modules that only an act needs are loaded only for one. */
async function act(request: ServiceRequest | PackageRequest): Promise<Result> {
  ignoreSignals();
  const kind = ["status", "logs", "info"].includes(request.action) ? "read" : request.kind;
  // SIGALRM makes every sudo kill its child; a change must not end with that, half done or unrecorded.
  if (kind !== "read" && process.env["SALLYPORT_DETACHED"] === undefined) {
    const status = (await import("./run.ts")).handOver(argv);
    return status === null ? failed("it was killed") : process.exit(status);
  }
  const { lock } = await import("./lock.ts");
  using held = kind === "package" ? lock("package", 60) : undefined;
  if (held === null) return await refuse(refused("busy", "another package action is running"));
  await record({ phase: "begin", decision: "allow", rule: wish }, kind !== "read");
  const deadline = Date.now() + DEADLINE_SECONDS[kind] * 1000;
  const within = { requestId, deadline, graceMs: kind === "package" ? 10_000 : 0 };
  const acting =
    request.kind === "service"
      ? (await import("./service.ts")).service(request, within)
      : (await import("./package.ts")).packages(request, within);
  const { outcome, data, error } = await acting.catch(failed);
  const { code = null, reason: rule = wish } = error ?? {};
  const { exitCode, timedOut } = outcome;
  const result = { code, exitCode, timedOut, durationMs: Date.now() - started };
  const decision = code === "not_allowed" || code === "unsafe" ? code : "allow";
  // What could not be recorded now has happened all the same, and the reply says so.
  await record({ phase: "end", decision, rule, result }).catch(failed);
  return { outcome, data, error };
}

/** A refusal is on record before it is spoken. */
async function refuse(refusal: Refusal): Promise<Result> {
  const { code, reason } = refusal.error;
  await record({ phase: "refused", decision: code, rule: reason });
  return refusal;
}

async function record(fact: Fact, sync = false): Promise<void> {
  const { append } = await import("./audit.ts");
  append({ requestId, argv, policyHash: BUILD.policyHash, ...fact }, sync);
}

/** What went wrong goes to the kernel's log, and so to the administrator's journal; the caller must not read it. */
function failed(error: unknown): Refusal {
  try {
    writeFileSync("/dev/kmsg", `<3>sallyport-helper: ${requestId}: ${String(error)}`);
  } catch {} // a container may have no kernel log
  return refused("internal", "the helper failed, or cannot write the audit log", String(error));
}

function speak({ outcome, data, error }: Result): never {
  const durationMs = Date.now() - started;
  const said = error && { code: error.code, message: error.message };
  const success = error === null;
  const reply: Reply = { v: 1, success, ...outcome, durationMs, requestId, data, error: said };
  const line = Buffer.from(`${JSON.stringify(reply)}\n`);
  for (let sent = 0, until = Date.now() + 10_000; sent < line.length && Date.now() < until;)
    try {
      sent += writeSync(1, line, sent);
    } catch (problem) {
      // A full pipe that does not block is waited for; a caller that has gone is not.
      if ((problem as NodeJS.ErrnoException).code !== "EAGAIN") break;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  process.exit(success ? 0 : EXIT_STATUS[error.code]);
}

void answer().catch(failed).then(speak);
