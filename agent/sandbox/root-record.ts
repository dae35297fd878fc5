/**
 * Sandboxed runs on root's record: that there was one is then more than this user's own note of it. What it says stays
 * the word of whoever asks the helper to write it down.
 */
import { setTimeout } from "node:timers/promises";
import { mayConnect } from "../channel.ts";
import { openClient, type Client } from "../client.ts";
import { ruleOwners } from "../diagnose.ts";
import { isLockedDown } from "../lockdown.ts";
import { installedHelpers, type Host } from "../host.ts";

export type RootRecord = {
  /** Whether the line is there now; one of record.ts. */
  put(line: string): Promise<boolean>;
  close(): Promise<void>;
};

/** Longer than the stalls of a sudo that works; a run has its answer then in any case. */
const PATIENCE_MS = 30_000;

/** By a client that is there already. */
export function recordBy(client: Pick<Client, "ask">): RootRecord["put"] {
  return async (text) => {
    const asked = client.ask({ kind: "report", text });
    const late = setTimeout(PATIENCE_MS, null, { ref: false });
    const answer = await Promise.race([asked, late]);
    return answer?.kind === "reply" && answer.reply.error === null;
  };
}

/** By one of its own, from the first run on. Where this user asks no helper, sudo is not asked, either: it would tell. */
export function ownRootRecord(host: Host): RootRecord {
  let client: Client | null = null;
  return {
    async put(line) {
      if (!asksHelper(host)) return false;
      client ??= openClient(host);
      return await recordBy(client)(line);
    },
    async close() {
      await client?.close();
      client = null;
    },
  };
}

/**
 * As far as it can be told without asking; where the rules may not be looked at, sudo knows. Root's own reports are
 * root's word, which a run that root was refused is not; and under lock-down nothing is written down for an agent.
 */
function asksHelper(host: Host): boolean {
  if (host.euid === 0 || isLockedDown()) return false;
  if (mayConnect(host)) return true;
  return installedHelpers(host).length > 0 && ruleOwners(host)?.includes(host.uid) !== false;
}
