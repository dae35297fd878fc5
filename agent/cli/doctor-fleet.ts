/** `sallyport doctor --on PATTERN`: what other hosts show to the user who logs in. */
import { examineRemotely } from "../../inventory/examine.ts";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { HELPER_PATHS } from "../../sudoers/helper-path.ts";
import type { Finding } from "../doctor/finding.ts";
import { judgeShown } from "./doctor-remote.ts";
import { findingsText } from "./doctor.ts";
import {
  answerOnFleet,
  failedOrUnavailable,
  refusalText,
  type FleetOptions,
  type HostAnswer,
} from "./fleet-run.ts";

/** `findings`: null where the host was not seen. */
type DoctorAnswer = HostAnswer & { findings: Finding[] | null };
type Seen = Awaited<ReturnType<typeof examineRemotely>>;

const [PACKAGED, LOCAL] = HELPER_PATHS;

export async function doctorOnFleet(options: FleetOptions): Promise<void> {
  await answerOnFleet<Seen, DoctorAnswer>(
    {
      read: true,
      visit: (connection) => examineRemotely(connection, [LOCAL, PACKAGED]),
      understood,
      none: (answer) => ({ ...answer, findings: null }),
    },
    options,
    {
      text: (answer) =>
        answer.findings === null ? refusalText(answer) : findingsText(answer.findings),
      statusOf: (bad) =>
        bad.some(({ findings }) => findings !== null)
          ? EXIT_STATUS.failed
          : failedOrUnavailable(bad),
    },
  );
}

function understood(name: string, seen: Seen): DoctorAnswer {
  if (seen.kind === "no_answer")
    return { name, code: seen.kind, message: seen.reason, findings: null };
  const findings = judgeShown(seen);
  const failed = findings.filter(({ state }) => state === "fail");
  return {
    name,
    code: failed.length === 0 ? null : "failed",
    message: failed.map(({ check }) => check).join(", "),
    findings,
  };
}
