/** `sallyport notify`: tells the administrator's program what has come to wait for a person; systemd runs it, as root. */
import type { Command } from "commander";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { notifyWaiting } from "../grants/notify.ts";
import { POLICY_SETTINGS, readSettled } from "../grants/settings.ts";
import { fail, failureText, type Failure } from "./errors.ts";

export function registerNotify(program: Command): void {
  program
    .command("notify")
    .summary("as root: tell the program in settings.yaml what waits for a person")
    .action(async ({ json }: { json?: true }) => notify(json === true));
}

const NOT_ROOT: Failure = {
  code: "not_root",
  cause: "only root sees what waits for a person",
  hint: "sudo sallyport notify",
  status: EXIT_STATUS.not_root,
};

async function notify(json: boolean): Promise<void> {
  if (process.geteuid?.() !== 0) return fail(NOT_ROOT, { json });
  const settled = readSettled();
  if ("flaw" in settled) return fail(unsafe(settled.flaw), { json });
  const none = { told: [], failed: [] };
  const notified = settled.notify === null ? none : await notifyWaiting(settled.notify);
  if ("flaw" in notified) return fail(unsafe(notified.flaw), { json });
  const { told, failed } = notified;
  const success = failed.length === 0;
  if (json) process.stdout.write(`${JSON.stringify({ v: 1, success, told, failed })}\n`);
  else {
    process.stdout.write(told.map((id) => `told of ${id}\n`).join(""));
    for (const { id, why } of failed) {
      const cause = `not told of ${id}: ${why}`;
      process.stderr.write(
        failureText({ code: "failed", cause, hint: null, status: EXIT_STATUS.failed }),
      );
    }
  }
  if (!success) process.exitCode = EXIT_STATUS.failed;
}

function unsafe(cause: string): Failure {
  const hint = `ls -l ${POLICY_SETTINGS}`;
  return { code: "unsafe", cause, hint, status: EXIT_STATUS.unsafe };
}
