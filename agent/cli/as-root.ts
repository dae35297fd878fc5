/** What a person does as root, with a password of their own: `approve`, `deny`, `revoke`, `lockdown`. */
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { findApprover } from "../grants/decide.ts";
import { installedHelpers, thisHost } from "../host.ts";
import { runProgram } from "../run-program.ts";
import { elevatedCommand, onTerminal, runElevated } from "./elevate.ts";
import { fail, type Failure } from "./errors.ts";

const HELPER_SECONDS = 30;

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
      fail(unsafe(approver.flaw), { json });
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

/** The helper writes into the audit log what it finds decided or done, whenever it is asked. */
export async function record(): Promise<void> {
  const [helper] = installedHelpers(thisHost());
  if (helper !== undefined) await runProgram(helper, ["grant", "check"], HELPER_SECONDS);
}

function unsafe(flaw: string): Failure {
  return {
    code: "unsafe",
    cause: `this program could be another's, and so could what it shows: ${flaw}`,
    hint: "sudo apt-get install sallyport",
    status: EXIT_STATUS.unsafe,
  };
}

const NOBODY: Failure = {
  code: "unsafe",
  cause: "sudo does not say who does this",
  hint: null,
  status: EXIT_STATUS.unsafe,
};
