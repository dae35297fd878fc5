/** What a person does as root, with a password of their own: `approve`, `deny`, `revoke`, `lockdown`. */
import { REPORT } from "../../protocol/operation.ts";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { rootsCommandLine } from "../doctor/command-line.ts";
import { bareOrQuoted } from "../escape.ts";
import { findApprover } from "../grants/approver.ts";
import { installedHelpers, thisHost } from "../host.ts";
import { runProgram } from "../run-program.ts";
import { elevatedCommand, onTerminal, runElevated } from "./elevate.ts";
import { fail, type Failure } from "./errors.ts";

const HELPER_SECONDS = 30;
const REASON_MAX = 200;

/**
 * The user id of the person who does this, or null where it was refused or done by the same command as root.
 * `words`: this command again, as root.
 */
export async function personAsRoot(
  words: readonly string[],
  { json, input }: { json: boolean; input: boolean },
): Promise<number | null> {
  const approver = findApprover();
  switch (approver.kind) {
    case "approver":
      return approver.uid;
    case "unsafe":
      fail(unsafe(approver.flaw, words), { json });
      return null;
    case "nobody":
      fail(NOBODY, { json });
      return null;
    case "not_root":
      await becomeRoot(words, { json, input });
      return null;
    default:
      return approver satisfies never;
  }
}

async function becomeRoot(
  words: readonly string[],
  { json, input }: { json: boolean; input: boolean },
): Promise<void> {
  if (onTerminal() && input) {
    const status = await runElevated(words);
    if (status !== null) {
      process.exitCode = status;
      return;
    }
  }
  const cause = "only a person does this, as root";
  const hint = elevatedCommand(words);
  fail({ code: "not_root", cause, hint, status: EXIT_STATUS.not_root }, { json });
}

/**
 * Writes what a person is about to do into root's audit log; false where it cannot be. The helper is started by
 * root itself, nothing of sudo's about it, so that no report of an agent can look like one of these.
 */
export async function onRecord(text: string): Promise<boolean> {
  const [helper] = installedHelpers(thisHost());
  if (helper === undefined) return false;
  const end = await runProgram(helper, ["report", text], HELPER_SECONDS);
  return end.kind === "ended" && end.status === 0;
}

/** What a person says of a decision, as it goes on record: one line, with room for the rest of the record. */
export function isReason(text: string): boolean {
  return text.length <= REASON_MAX && (text === "" || REPORT.test(text));
}

export const NO_REASON: Failure = {
  code: "usage",
  cause: `--message takes one line of at most ${REASON_MAX} characters`,
  hint: null,
  status: EXIT_STATUS.usage,
};

export const NOT_ON_RECORD: Failure = {
  code: "internal",
  cause: "it cannot be written into the audit log, and so is not done",
  hint: "sallyport doctor",
  status: EXIT_STATUS.internal,
};

/** `words`: what root's own command line is asked instead, where there is one. */
export function unsafe(flaw: string, words: readonly string[]): Failure {
  const there = rootsCommandLine()?.flaw === null;
  return {
    code: "unsafe",
    cause: `this program could be another's, and so could what it shows: ${flaw}`,
    hint: there
      ? `sudo ${["sallyport", ...words].map(bareOrQuoted).join(" ")}`
      : elevatedCommand(["setup-sudo", "--user", "USER"]),
    status: EXIT_STATUS.unsafe,
  };
}

const NOBODY: Failure = {
  code: "unsafe",
  cause: "sudo does not say who does this",
  hint: null,
  status: EXIT_STATUS.unsafe,
};
