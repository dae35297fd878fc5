/**
 * What a record says beyond its fields: which grant was asked for, decided or used, and in which run of a workflow. Only
 * words that the helper or root wrote count; in a caller's own report or wish anybody can stand.
 */
import type { AuditRecord } from "./record.ts";

export type Meaning = {
  grant: string | null;
  /** User id of who granted, denied or revoked it. */
  person: number | null;
  run: string | null;
  /** A use of a grant, or a step of a workflow with sudo: more than the policy gives by itself. */
  elevated: boolean;
};

const NOTHING: Meaning = { grant: null, person: null, run: null, elevated: false };

export function meaningOf(record: AuditRecord): Meaning {
  const { phase, decision, rule, uid, via } = record;
  if (phase !== "note") return NOTHING;
  const run = /"run":"([\w.-]{1,64})"/.exec(record.argv.join(" "))?.[1] ?? null;
  if (decision !== "reported") {
    const [, grant = null, person] = /^grant ([0-9a-f]{32})(?: by uid (\d+))?\b/.exec(rule) ?? [];
    const used = decision === "used";
    return {
      grant,
      person: used && person !== undefined ? Number(person) : null,
      run,
      elevated: used,
    };
  }
  if (via === "direct" && uid === 0) {
    const [, grant = null, person] =
      /^(?:grant ([0-9a-f]{32})|lockdown) \w+ by uid (\d+)\b/.exec(rule) ?? [];
    return { ...NOTHING, grant, person: person === undefined ? null : Number(person) };
  }
  const [, own] =
    /^workflow ([\w.-]{1,64}) step \S+ attempt \d+ cast [0-9a-f]{64}$/.exec(rule) ?? [];
  return own === undefined ? NOTHING : { ...NOTHING, run: own, elevated: true };
}
