// Decides the order: defend, parse, judge, lock, record, act, record, reply; refusals come first.
// If it were wrong, something could be done as root that was not judged or not written down.
import { lstatSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import type { PackageRequest, ServiceRequest } from "../protocol/operation.ts";
import { EXIT_STATUS, type Reply } from "../protocol/reply.ts";
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
const common = { requestId: "", argv, policyHash: BUILD.policyHash };

async function answer(): Promise<Result> {
  common.requestId = readFileSync("/proc/sys/kernel/random/uuid", "utf8").trim();
  const unfit = refuseToStart();
  // Who is not root, or may write no byte, cannot leave a record; it is refused all the same.
  if (unfit !== null) return await refuse(unfit).catch(() => unfit);
  const request = parse(argv);
  if (request === null) return await refuse(refused("usage", USAGE, "not a request"));
  if (request.kind === "version") return told({ kind: "version", ...BUILD });
  if (lstatSync(LOCKDOWN, { throwIfNoEntry: false }) !== undefined)
    return await refuse(refused("locked_down", "an administrator has locked this host down"));
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
  const { record } = await import("./audit.ts");
  const { lock } = await import("./lock.ts");
  const kind = ["status", "logs", "info"].includes(request.action) ? "read" : request.kind;
  const release = kind === "package" ? lock("package", 60) : () => {};
  if (release === null) return await refuse(refused("busy", "another package action is running"));
  const rule = argv.join(" ");
  record({ ...common, phase: "begin", decision: "allow", rule }, kind !== "read");
  const deadline = Date.now() + DEADLINE_SECONDS[kind] * 1000;
  const { requestId } = common;
  const within = { requestId, deadline, graceMs: kind === "package" ? 10_000 : 0 };
  const acting =
    request.kind === "service"
      ? (await import("./service.ts")).service(request, within)
      : (await import("./package.ts")).packages(request, within);
  const result = await acting.catch(failed);
  const { exitCode, timedOut } = result.outcome ?? { exitCode: null, timedOut: false };
  const code = result.error?.code ?? null;
  const end = { code, exitCode, timedOut, durationMs: Date.now() - started };
  const decision = code === "not_allowed" || code === "unsafe" ? code : "allow";
  try {
    const why = result.error?.reason ?? rule;
    record({ ...common, phase: "end", decision, rule: why, result: end }, false);
  } catch (error) {
    warn(error); // it has happened, and the reply must say so
  }
  release();
  return result;
}

/** A refusal is on record before it is spoken. */
async function refuse(refusal: Refusal): Promise<Result> {
  const { record } = await import("./audit.ts");
  const { code, reason } = refusal.error;
  record({ ...common, phase: "refused", decision: code, rule: reason }, false);
  return refusal;
}

function failed(error: unknown): Refusal {
  warn(error);
  return refused(
    "internal",
    "the helper failed, or the audit log cannot be written",
    String(error),
  );
}

/** To the kernel's log, and so to the administrator's journal: the caller must not read this. */
function warn(error: unknown): void {
  try {
    writeFileSync("/dev/kmsg", `<3>sallyport-helper: ${common.requestId}: ${String(error)}`);
  } catch {} // a container may have no kernel log
}

function speak({ outcome, data, error }: Result): never {
  const nothing = { exitCode: null, stdout: "", stderr: "", truncated: false, timedOut: false };
  const said = error && { code: error.code, message: error.message };
  const { requestId } = common;
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
