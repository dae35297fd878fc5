// Decides the order: defend, parse, judge, lock, record, act, record, reply; refusals come first.
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
const requestId = `${started}-${process.pid}`;

async function answer(): Promise<Result> {
  const unfit = refuseToStart();
  // Who is not root, or may write no byte, cannot leave a record; it is refused all the same.
  if (unfit !== null) return await refuse(unfit).catch(() => unfit);
  const request = parse(argv);
  if (request === null) return await refuse(refused("usage", USAGE, "not a request"));
  if (request.kind === "version") return told({ kind: "version", ...BUILD });
  if (lstatSync(LOCKDOWN, { throwIfNoEntry: false }) !== undefined)
    return await refuse(refused("locked_down", "this host is locked down", LOCKDOWN));
  const policy = policyInForce();
  if ("unusable" in policy)
    return await refuse(refused("not_allowed", "the policy file is unusable", policy.unusable));
  if (request.kind === "policy")
    return told({ kind: "policy", verdicts: policy, policyHash: BUILD.policyHash });
  const verdict = judge(request, policy);
  if (verdict === "allow") return await act(request);
  if (verdict === "guard")
    return await refuse(refused("grant_required", `a person must grant: ${argv.join(" ")}`));
  return await refuse(refused("not_allowed", "security violation: not in the policy"));
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
  const { record } = await import("./audit.ts");
  const { lock } = await import("./lock.ts");
  const release = kind === "package" ? lock("package", 60) : () => {};
  if (release === null) return await refuse(refused("busy", "another package action is running"));
  const rule = argv.join(" ");
  record(entry("begin", "allow", rule), kind !== "read");
  const deadline = Date.now() + DEADLINE_SECONDS[kind] * 1000;
  const within = { requestId, deadline, graceMs: kind === "package" ? 10_000 : 0 };
  const acting =
    request.kind === "service"
      ? (await import("./service.ts")).service(request, within)
      : (await import("./package.ts")).packages(request, within);
  const result = await acting.catch(failed);
  const { exitCode = null, timedOut = false } = result.outcome ?? {};
  const { code = null, reason = rule } = result.error ?? {};
  const end = { code, exitCode, timedOut, durationMs: Date.now() - started };
  const decision = code === "not_allowed" || code === "unsafe" ? code : "allow";
  try {
    record(entry("end", decision, reason, end), false);
  } catch (error) {
    failed(error); // but what was to be recorded has happened, and the reply says so
  }
  release();
  return result;
}

function entry(
  phase: Entry["phase"],
  decision: string,
  rule: string,
  result?: Entry["result"],
): Entry {
  return { requestId, phase, argv, decision, rule, policyHash: BUILD.policyHash, result };
}

/** A refusal is on record before it is spoken. */
async function refuse(refusal: Refusal): Promise<Result> {
  const { record } = await import("./audit.ts");
  const { code, reason } = refusal.error;
  record(entry("refused", code, reason), false);
  return refusal;
}

/** What went wrong goes to the kernel's log, and so to the administrator's journal; the caller must not read it. */
function failed(error: unknown): Refusal {
  try {
    writeFileSync("/dev/kmsg", `<3>sallyport-helper: ${requestId}: ${String(error)}`);
  } catch {} // a container may have no kernel log
  return refused("internal", "the helper failed, or cannot write the audit log", String(error));
}

function speak({ outcome, data, error }: Result): never {
  const nothing = { exitCode: null, stdout: "", stderr: "", truncated: false, timedOut: false };
  const said = error && { code: error.code, message: error.message };
  const tail = { durationMs: Date.now() - started, requestId, data, error: said };
  const reply: Reply = { v: 1, success: error === null, ...(outcome ?? nothing), ...tail };
  const line = Buffer.from(`${JSON.stringify(reply)}\n`);
  for (let sent = 0, until = Date.now() + 10_000; sent < line.length && Date.now() < until;)
    try {
      sent += writeSync(1, line, sent);
    } catch (problem) {
      // A full pipe that does not block is waited for; a caller that has gone is not.
      if ((problem as NodeJS.ErrnoException).code !== "EAGAIN") break;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  process.exit(error === null ? 0 : EXIT_STATUS[error.code]);
}

void answer().catch(failed).then(speak);
