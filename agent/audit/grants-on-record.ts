/** Follows grants through the audit log: each use must come after a person's decision that allows it. */
import type { AuditRecord } from "./record.ts";

const DECISION =
  /^grant ([0-9a-f]{32}) (granted|denied|revoked) by uid \d+ for uid (\d+)(?:, (\d+))?/;
const USE = /^grant ([0-9a-f]{32}) /;

/** Whether root's own command line wrote it, for a person: what an agent reports has that agent's uid. */
function isDecision({ phase, decision, uid, via }: AuditRecord): boolean {
  return phase === "note" && decision === "reported" && uid === 0 && via === "direct";
}

/** What is wrong with a record's place among decisions and uses, or null; records in their order. */
export function grantsOnRecord(): (record: AuditRecord) => string | null {
  /** How often what was granted may still be used, by user and id. */
  const left = new Map<string, number>();
  return (record) => {
    const decided = isDecision(record) ? DECISION.exec(record.rule) : null;
    if (decided !== null) {
      const [, id, what, uid, uses = "0"] = decided;
      left.set(`${uid} ${id}`, what === "granted" ? Number(uses) : 0);
    }
    if (record.phase !== "note" || record.decision !== "used") return null;
    const key = `${record.uid} ${USE.exec(record.rule)?.[1]}`;
    const uses = left.get(key) ?? 0;
    left.set(key, uses - 1);
    return uses > 0 ? null : "a grant is used that no person's decision on record allows";
  };
}
