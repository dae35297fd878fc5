/** Which records of the audit log are asked for. */
import { meaningOf } from "./meaning.ts";
import type { AuditRecord } from "./record.ts";

/** What is null is not asked about. */
export type Query = {
  /** Milliseconds since 1970; `until` is not in it. */
  since: number | null;
  until: number | null;
  /** A name, or a number for a user id. */
  user: string | null;
  /** The first words of a request: `service restart`. */
  operation: readonly string[] | null;
  decision: string | null;
  request: string | null;
  grant: string | null;
  run: string | null;
  elevated: boolean;
};

/** Tells of one record after the other, in their order, whether it fits: what used a grant is known by what came before. */
export function matcher(query: Query): (record: AuditRecord) => boolean {
  /** Requests that used the grant which is asked for; they end soon after. */
  const using = new Set<string>();
  return (record) => {
    const { time, uid, user, argv, decision, requestId, phase } = record;
    const at = Date.parse(time);
    const { grant, run, elevated } = meaningOf(record);
    if (query.grant !== null) {
      const fits = grant === query.grant || using.has(requestId);
      if (grant === query.grant && elevated) using.add(requestId);
      if (phase === "end") using.delete(requestId);
      if (!fits) return false;
    }
    return (
      (query.since === null || at >= query.since) &&
      (query.until === null || at < query.until) &&
      (query.user === null || query.user === user || query.user === String(uid)) &&
      (query.operation?.every((word, place) => argv[place] === word) ?? true) &&
      (query.decision === null || query.decision === decision) &&
      (query.request === null || query.request === requestId) &&
      (query.run === null || query.run === run) &&
      (!query.elevated || elevated)
    );
  };
}

const UNITS = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const;

/** A moment in milliseconds since 1970: a date, a date and time, or how long ago (`90m`, `7d`); null where it is none. */
export function momentOf(text: string, now = Date.now()): number | null {
  const [, number, unit] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
  if (number !== undefined) return now - Number(number) * UNITS[unit as keyof typeof UNITS] * 1000;
  if (!/^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)?)?$/.test(text))
    return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at;
}
