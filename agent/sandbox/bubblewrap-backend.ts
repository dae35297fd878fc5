/** Sandboxes by bubblewrap: no daemon, the host's own programs, and no control group. */
import type { Backend } from "./backend.ts";
import { interpreterOf } from "./interpreter.ts";
import type { Inexact } from "./profile.ts";
import { runBubblewrap } from "./run-bubblewrap.ts";

/** What it holds only nearly: see `bestEffort` in profile.ts, and SECURITY.md. */
const DEGRADED: readonly Inexact[] = ["memory", "cpu", "tmpNoexec"];

export const bubblewrap: Backend = {
  name: "bubblewrap",
  interpreterOf,
  async run(job) {
    const { bestEffort } = job.profile;
    const limits = DEGRADED.filter((limit) => !bestEffort.includes(limit));
    if (limits.length > 0) return { kind: "inexact", backend: "bubblewrap", limits };
    const ran = await runBubblewrap(job);
    return ran.kind === "ran" ? { ...ran, degraded: DEGRADED } : ran;
  },
  close: async () => {},
};
