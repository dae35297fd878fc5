/** `sallyport audit verify --on PATTERN`: the logs of other hosts, verified here. */
import { readRemoteLog, type LogRead } from "../../inventory/audit.ts";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { verifyChain, type ChainReport } from "../audit/verify.ts";
import { quote } from "../escape.ts";
import { flawText, reportText } from "./audit-verify.ts";
import {
  answerOnFleet,
  failedOrUnavailable,
  refusalText,
  type FleetOptions,
  type HostAnswer,
} from "./fleet-run.ts";

/** `report`: null where the log was not read. */
type VerifyAnswer = HostAnswer & { report: ChainReport | null };

export async function verifyOnFleet(options: FleetOptions & { file: string }): Promise<void> {
  const { file } = options;
  await answerOnFleet<LogRead<ChainReport>, VerifyAnswer>(
    {
      read: true,
      visit: (connection) => readRemoteLog(connection, file, verifyChain),
      understood: (name, read) => understood(name, read, file),
      none: (answer) => ({ ...answer, report: null }),
    },
    options,
    {
      text: textOf,
      statusOf: (bad) =>
        bad.some(({ report }) => report !== null) ? EXIT_STATUS.failed : failedOrUnavailable(bad),
    },
  );
}

function understood(name: string, read: LogRead<ChainReport>, file: string): VerifyAnswer {
  const none = (code: string, message: string): VerifyAnswer => ({
    name,
    code,
    message,
    report: null,
  });
  switch (read.kind) {
    case "read": {
      const { report } = read;
      const { intact } = report;
      return {
        name,
        code: intact ? null : "failed",
        message: intact ? "" : flawText(report),
        report,
      };
    }
    case "closed":
      return none("not_root", closedText(read, file));
    case "no_log":
      return none("unavailable", `there is no audit log at ${file}`);
    case "too_long":
      return none("too_long", `${read.bytes} bytes are more than are read over SSH`);
    case "no_answer":
      return none(read.kind, read.reason);
    default:
      return read satisfies never;
  }
}

/** Who could read it: nobody but root as it is installed, or a group that an administrator chose. */
function closedText({ group, groupReads }: { group: string; groupReads: boolean }, file: string) {
  if (group !== "root" && groupReads)
    return `only root and the group ${quote(group)} read ${file}: on that host, sudo usermod -aG GROUP USER`;
  const folder = file.slice(0, file.lastIndexOf("/"));
  return `only root reads ${file}: on that host, sudo chgrp adm ${folder} ${file} lets the group adm read it`;
}

/** Of an intact log only that: how many records it has is each host's own, and in --json. */
function textOf(answer: VerifyAnswer): string {
  const { report } = answer;
  if (report === null) return refusalText(answer);
  const { intact, warningCount, interruptedCount, mended } = report;
  const plain = intact && warningCount + interruptedCount + mended === 0;
  return plain ? "chain intact\n" : reportText(report);
}
