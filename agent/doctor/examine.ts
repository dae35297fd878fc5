/** Every control of Sallyport, tried one after the other on this host. */
import type { Host } from "../host.ts";
import { examineApproval } from "./approval.ts";
import type { Finding } from "./finding.ts";
import { examineCommandLine } from "./command-line.ts";
import { examineHelper } from "./helper.ts";
import { examineRule } from "./rule.ts";
import { examineSandboxes } from "./sandbox.ts";
import { examineSocket } from "./socket.ts";
import { subjectsOf } from "./subject.ts";
import { examineSudo } from "./sudo.ts";
import { examineAudit, examinePolicy, examineProcess, examineSystemd } from "./surroundings.ts";

/** Needs sudo on the host. As root, every user with a rule is examined; else the caller. */
export async function examine(host: Host): Promise<Finding[]> {
  const subjects = subjectsOf(host);
  const findings = [examineProcess(host), examineSystemd(), ...(await examineHelper(host))];
  for (const subject of subjects) findings.push(...(await examineRule(host, subject)));
  findings.push(...(await examineSudo(host, subjects)));
  findings.push(await examineCommandLine(host), await examineApproval(host));
  findings.push(await examineSocket(host));
  findings.push(await examinePolicy(host), await examineAudit(host));
  findings.push(...(await examineSandboxes()));
  return findings;
}
