/** What this program can execute steps with, beside the helper. */
import type { Executor, OpenTerminals } from "./execution.ts";

export type Parts = { terminals: OpenTerminals | null; sandbox: Executor | null };

/** Terminals are to come with agent/terminal, the sandbox with agent/sandbox; until then such steps are refused. */
export const PARTS: Parts = { terminals: null, sandbox: null };
