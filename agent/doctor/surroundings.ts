/** The process and the host: may sudo work here, is systemd running, what does the policy say, is the log whole. */
import { existsSync, lstatSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import type { KeyObject } from "node:crypto";
import { PUBLIC_KEY, readPublicKey } from "../audit/checkpoint-key.ts";
import { AUDIT_LOG, bytesOf } from "../audit/log-file.ts";
import { CHECKPOINTS } from "../audit/sign-log.ts";
import { verifyWitnessed } from "../audit/witness.ts";
import { ask } from "../client.ts";
import { explainFailure } from "../explain.ts";
import { noNewPrivs, type Host } from "../host.ts";
import { finding, type Finding } from "./finding.ts";
import { ownershipFlaw } from "./ownership.ts";

const NARROWING = "/etc/sallyport/policy.json";
/** With less room than this on the log's disk the helper refuses everything. */
const RESERVE_BYTES = 2 ** 20;

export function examineProcess(host: Host): Finding {
  return noNewPrivs(host)
    ? finding(
        "no_new_privs",
        "fail",
        "set for this process: sudo cannot work",
        "grep NoNewPrivs /proc/self/status",
      )
    : finding("no_new_privs", "ok", "not set: sudo can work");
}

export function examineSystemd(): Finding {
  // sd_booted(3)
  return existsSync("/run/systemd/system")
    ? finding("systemd", "ok", "running")
    : finding("systemd", "warn", "not running: service requests are unavailable");
}

export async function examinePolicy(host: Host): Promise<Finding> {
  const answer = await ask({ kind: "policy" }, host);
  if (answer.kind !== "reply") return finding("policy", "unknown", explainFailure(answer).cause);
  const { error } = answer.reply;
  if (error !== null)
    // The record of this very refusal gives root the reason.
    return finding("policy", "fail", error.message, "sudo sallyport audit tail -n 1");
  try {
    lstatSync(NARROWING);
    return finding("policy", "ok", `narrowed by ${NARROWING}`);
  } catch (problem) {
    return (problem as NodeJS.ErrnoException).code === "ENOENT"
      ? finding("policy", "ok", "as compiled into the helper")
      : finding("policy", "unknown", `${NARROWING} cannot be seen from here`);
  }
}

export async function examineAudit(host: Host): Promise<Finding> {
  const check = "audit log";
  if (host.euid !== 0)
    return finding(check, "unknown", "needs root", "sudo sallyport audit verify");
  if (!existsSync(AUDIT_LOG)) return finding(check, "unknown", "nothing is recorded yet");
  const flaw = ownershipFlawOfLog();
  if (flaw !== null) return finding(check, "fail", flaw);
  const { bavail, bsize } = statfsSync(dirname(AUDIT_LOG));
  if (bavail * bsize < RESERVE_BYTES)
    return finding(
      check,
      "fail",
      "no room: less than 1 MiB is left on its disk, so everything is refused",
      `df ${dirname(AUDIT_LOG)}`,
    );
  const { chain, checkpoints } = await verifyWitnessed(bytesOf(AUDIT_LOG), CHECKPOINTS, ownKey());
  if (!chain.intact) return finding(check, "fail", "the chain is broken", "sallyport audit verify");
  const [cut] = checkpoints.problems;
  if (cut !== undefined) return finding(check, "fail", cut.text, "sallyport audit verify");
  const signed =
    checkpoints.last === null ? "never signed" : `signed to seq ${checkpoints.last.seq}`;
  return finding(check, "ok", `${chain.records} records, chain intact, ${signed}`);
}

function ownKey(): KeyObject | null {
  if (!existsSync(PUBLIC_KEY)) return null;
  const key = readPublicKey(PUBLIC_KEY);
  return "flaw" in key ? null : key;
}

/** Not of the directories above: /var/log belongs to group syslog on Ubuntu. */
function ownershipFlawOfLog(): string | null {
  const { mode } = lstatSync(AUDIT_LOG);
  if ((mode & 0o007) !== 0) return `${AUDIT_LOG} can be read by everybody`;
  const flaw = ownershipFlaw(AUDIT_LOG);
  return flaw?.startsWith("/var/log/sallyport") === true ? flaw : null;
}
