/** The installed helper: nobody but root can change it, and it is the one of this build. */
import { isThisBuild } from "../diagnose.ts";
import { explainFailure } from "../explain.ts";
import { installedHelpers, type Host } from "../host.ts";
import { finding, type Finding } from "./finding.ts";
import { ownershipFlaw } from "./ownership.ts";

export async function examineHelper(host: Host): Promise<Finding[]> {
  const helpers = installedHelpers(host);
  if (helpers.length === 0) {
    const { cause, hint } = explainFailure({ kind: "not_set_up", uid: host.uid });
    return [finding("helper", "fail", cause, hint)];
  }
  const findings: Finding[] = [];
  for (const helper of helpers) {
    findings.push(owned(helper), await built(host, helper));
  }
  return findings;
}

function owned(helper: string): Finding {
  const flaw = ownershipFlaw(helper);
  return flaw === null
    ? finding("helper owner", "ok", `${helper} and every directory above it are root's alone`)
    : finding("helper owner", "fail", flaw, "sudo sallyport setup-sudo");
}

async function built(host: Host, helper: string): Promise<Finding> {
  const check = "helper build";
  switch (await isThisBuild(host, helper)) {
    case true:
      return finding(check, "ok", `SHA-256 ${host.helperSha256?.slice(0, 16)}… is this build's`);
    case false:
      return finding(check, "fail", `${helper} is not of this build`, "sudo sallyport setup-sudo");
    case null:
      return finding(check, "unknown", "this sallyport was not built together with a helper");
  }
}
