/** What this program can execute steps with, beside the helper. */
import { existsSync } from "node:fs";
import { BWRAP } from "../sandbox/bubblewrap.ts";
import { executor } from "../sandbox/executor.ts";
import type { Executor, OpenTerminals } from "./execution.ts";
import { sandboxSteps } from "./sandbox-steps.ts";
import { terminalSteps } from "./terminal-steps.ts";

export type Parts = { terminals: OpenTerminals | null; sandbox: Executor | null };

/** Where there is no bubblewrap, what needs a sandbox is refused before a run starts. */
export const PARTS: Parts = {
  terminals: terminalSteps,
  sandbox: existsSync(BWRAP) ? sandboxSteps(executor()) : null,
};
