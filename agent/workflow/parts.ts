/** What this program can execute steps with, beside the helper. */
import { existsSync } from "node:fs";
import { BWRAP } from "../sandbox/bubblewrap.ts";
import { backendFor } from "../sandbox/choice.ts";
import type { HostSandboxes } from "../sandbox/host-sandboxes.ts";
import type { SandboxRefusal } from "../sandbox/refusal.ts";
import { USER_SANDBOXES } from "../sandbox/user-sandboxes.ts";
import type { Executor, OpenTerminals } from "./execution.ts";
import { sandboxSteps } from "./sandbox-steps.ts";
import { terminalSteps } from "./terminal-steps.ts";

export type Parts = {
  terminals: OpenTerminals | null;
  sandbox: Executor | null;
  /** Where they run; null where none would. */
  sandboxes: Pick<HostSandboxes, "look" | "unrecorded" | "close"> | null;
};

/** Why nothing here can enclose a step, or null; then what needs a sandbox is refused before a run starts. */
export function noSandbox(): SandboxRefusal | null {
  if (process.geteuid?.() === 0) return { kind: "is_root" };
  const settings = USER_SANDBOXES.settings();
  // Whether a container can be had shows when one is asked for.
  if (!("flaw" in settings) && backendFor(settings, null) !== "bubblewrap") return null;
  return existsSync(BWRAP) ? null : { kind: "no_backend" };
}

const isEnclosed = noSandbox() === null;

export const PARTS: Parts = {
  terminals: terminalSteps,
  sandbox: isEnclosed ? sandboxSteps(USER_SANDBOXES) : null,
  sandboxes: isEnclosed ? USER_SANDBOXES : null,
};
