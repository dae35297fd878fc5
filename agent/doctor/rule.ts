/** The sudoers rule, proven by what sudo does: `sudo -l` alone does not tell whether a password is asked for. */
import type { Reply } from "../../protocol/reply.ts";
import { BUILD } from "../build.ts";
import { diagnose } from "../diagnose.ts";
import { quote } from "../escape.ts";
import { explainFailure } from "../explain.ts";
import { installedHelpers, type Host } from "../host.ts";
import { parseReply } from "../reply.ts";
import { finding, type Finding } from "./finding.ts";
import { readListing, type Listing } from "./listing.ts";
import type { Subject } from "./subject.ts";

export async function examineRule(host: Host, subject: Subject): Promise<Finding[]> {
  const helper = installedHelpers(host)[0];
  if (helper === undefined) return [];
  const listed = await subject.sudo(["-n", "-l"]);
  const listing =
    listed.kind === "ended" && listed.status === 0 ? readListing(listed.stdout) : null;
  return [
    await effect(host, subject, helper),
    await control(subject),
    others(subject.uid, listing, host.helpers),
  ];
}

/** The rule lets the subject run the helper, and what runs is the helper of this build. */
async function effect(host: Host, subject: Subject, helper: string): Promise<Finding> {
  const check = `rule of uid ${subject.uid}`;
  const end = await subject.sudo(["-n", "--", helper, "version"]);
  if (end.kind !== "ended") return finding(check, "unknown", "sudo could not be run to its end");
  if (end.status === 1 && end.stdout === "") {
    if (host.euid === 0) {
      const hint = `sallyport setup-sudo --user ${subject.uid}`;
      return finding(check, "fail", `sudo refused: ${quote(end.stderr.trim())}`, hint);
    }
    const { cause, hint } = explainFailure(await diagnose(host, helper, end.stderr));
    return finding(check, "fail", cause, hint === "sallyport doctor" ? null : hint);
  }
  const parsed = parseReply(end.stdout, end.status);
  if (!("reply" in parsed)) return finding(check, "fail", `no reply: ${parsed.reason}`);
  return versionReplyFinding(check, parsed.reply);
}

/** Whether what answered to `version` is of this build. */
export function versionReplyFinding(check: string, { data, error }: Reply): Finding {
  if (error !== null) return finding(check, "fail", `${error.code}: ${error.message}`);
  if (data?.kind !== "version") return finding(check, "fail", "it did not answer with a version");
  if (BUILD.buildId === null) {
    return finding(check, "ok", `it runs the helper, version ${data.version}`);
  }
  return data.buildId === BUILD.buildId
    ? finding(check, "ok", `it runs the helper of this build, ${BUILD.buildId.slice(0, 16)}…`)
    : finding(
        check,
        "fail",
        `it runs another build, ${data.buildId.slice(0, 16)}…`,
        "sudo sallyport setup-sudo",
      );
}

/** The negative control: what is not the helper must not run. `-k` so that no ticket answers instead. */
async function control(subject: Subject): Promise<Finding> {
  const check = `gate for uid ${subject.uid}`;
  const end = await subject.sudo(["-n", "-k", "--", "/usr/bin/true"]);
  if (end.kind !== "ended") return finding(check, "unknown", "sudo could not be run to its end");
  return gateFinding(subject.uid, end.status === 0);
}

export function gateFinding(uid: number, open: boolean): Finding {
  const check = `gate for uid ${uid}`;
  if (!open) return finding(check, "ok", "sudo refuses what is not the helper");
  return finding(
    check,
    "warn",
    "sudo runs any program without a password: the gate is only decoration",
    "sudo visudo",
  );
}

/** Single programs without a password are ways around the gate too. */
export function others(uid: number, listing: Listing | null, helpers: readonly string[]): Finding {
  const check = `other rules of uid ${uid}`;
  if (listing === null)
    return finding(check, "unknown", "sudo does not list them without a password");
  const around = listing.withoutPassword.filter((command) => !helpers.includes(command));
  return around.length === 0
    ? finding(check, "ok", "nothing else runs without a password")
    : finding(
        check,
        "warn",
        `without a password also: ${around.map(quote).join(", ")}`,
        "sudo visudo",
      );
}
