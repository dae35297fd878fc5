/** A successful reply with nothing in it, for tests to change one thing of. */
import type { Reply } from "../../protocol/reply.ts";

export const PLAIN_REPLY: Reply = {
  v: 1,
  success: true,
  exitCode: 0,
  stdout: "",
  stderr: "",
  truncated: false,
  timedOut: false,
  durationMs: 1,
  requestId: "r",
  data: null,
  error: null,
};
