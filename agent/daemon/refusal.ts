/** Why the daemon refuses to start: sysexits' EX_CONFIG, so that systemd does not try again and again. */
import type { Failure } from "../cli/errors.ts";

/** EX_CONFIG of sysexits.h; RestartPreventExitStatus= of the unit names it. */
const CONFIG_STATUS = 78;

/** `hint`: a command, or null where none helps. */
export function badConfiguration(cause: string, hint: string | null): Failure {
  return { code: "config", cause, hint, status: CONFIG_STATUS };
}
