/** Requests that an earlier run left without outcome, and what the audit log tells about them. */
import type { AuditEntry } from "../../protocol/reply.ts";
import { escapeLine } from "../escape.ts";
import type { Ledger, Open } from "./ledger.ts";
import type { Log } from "./log.ts";
import { isOfFleet } from "./recorded-operator.ts";

/** How long after asking a request can begin: the helper may wait for a lock, sudo for a name server. */
const BEGINS_WITHIN_MS = 90_000;
/** Longer than anything the helper does. */
const FORGET_MS = 2 * 3_600_000;

export type Lost = {
  add(rows: readonly Open[]): void;
  /** Compares with the caller's newest audit records. */
  look(records: readonly AuditEntry[], ledger: Ledger): void;
};

export function openLost(log: Log): Lost {
  const sought = new Map<number, { row: Open; told: string }>();

  function tell(row: Open, requestId: string | null, audit: string): void {
    const { id, time, client, tool, argv } = row;
    log.error(
      {
        event: "unknown_outcome",
        id,
        time,
        client: escapeLine(client),
        tool,
        argv: argv.map(escapeLine),
        requestId,
        audit,
      },
      "a request of an earlier run has no outcome",
    );
  }

  return {
    add(rows) {
      for (const row of rows) {
        // What other hosts did is in their logs, not in this one's.
        if (isOfFleet(row.argv)) {
          tell(row, null, "on those hosts");
          continue;
        }
        sought.set(row.id, { row, told: "not asked yet" });
        tell(row, null, "not asked yet");
      }
    },
    look(records, ledger) {
      const taken = new Set<string>();
      for (const [id, entry] of sought) {
        const begun = records.find(
          (record) =>
            couldBe(entry.row, record) &&
            !taken.has(record.requestId) &&
            !ledger.knows(record.requestId),
        );
        const requestId = begun?.requestId ?? null;
        if (requestId !== null) taken.add(requestId);
        const audit = auditWord(begun, records);
        if (audit !== entry.told) tell(entry.row, requestId, audit);
        entry.told = audit;
        const over = Date.now() - Date.parse(entry.row.time) > FORGET_MS;
        const final = begun !== undefined && audit !== "begun";
        if (!over && !final) continue;
        if (requestId !== null) ledger.identify(id, requestId);
        sought.delete(id);
      }
    },
  };
}

function couldBe({ time, argv }: Open, record: AuditEntry): boolean {
  const afterMs = Date.parse(record.time) - Date.parse(time);
  const inTime = afterMs >= 0 && afterMs <= BEGINS_WITHIN_MS;
  return record.phase !== "end" && inTime && JSON.stringify(record.argv) === JSON.stringify(argv);
}

/** `nothing on record`, `refused`, `begun`, or how it ended. */
function auditWord(begun: AuditEntry | undefined, records: readonly AuditEntry[]): string {
  if (begun === undefined) return "nothing on record";
  if (begun.phase === "refused") return "refused";
  const end = records.find((of) => of.requestId === begun.requestId && of.phase === "end");
  if (end === undefined) return "begun";
  return end.result?.code ?? "done";
}
