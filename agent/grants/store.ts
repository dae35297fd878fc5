/**
 * What waits for a person, as root sees it: all of it, whoever asked. Deciding is here and not in the helper,
 * so that no rule for the helper can decide; the helper records what was decided when it is next asked.
 */
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { GRANTS, GRANTS_SCHEMA, type Grant } from "../../protocol/grant.ts";
import { z } from "zod";
import { ownershipFlaw } from "../doctor/ownership.ts";
import { grantSchema } from "../reply.ts";

/** `uid`: who asked. */
export type AnyGrant = Grant & { uid: number };
const rowSchema = grantSchema.extend({ uid: z.int().nonnegative() });

type Decision = {
  approver: number;
  /** What the person says of it, or null. */
  reason: string | null;
};

export type GrantStore = {
  all(): AnyGrant[];
  /** Null where there is none with this id. */
  find(id: string): AnyGrant | null;
  /** Only what waits can be granted or denied, and only once: false where somebody or time was first. */
  approve(id: string, decision: Decision & { uses: number; seconds: number }): boolean;
  deny(id: string, decision: Decision): boolean;
  /** Only what is granted, with uses and time left. */
  revoke(id: string, decision: Decision): boolean;
  /** For the audit log: something that root did. */
  event(what: string, by: Decision): void;
  close(): void;
};

const SHOWN = "id, uid, subject, claim, asked, until, stands, uses, approver, reason";

/** As root; made where nobody has ever asked. Throws where others could have changed it. */
export function openGrants(): GrantStore {
  mkdirSync(dirname(GRANTS), { recursive: true, mode: 0o755 });
  closeSync(openSync(GRANTS, "a", 0o600));
  const flaw = ownershipFlaw(GRANTS);
  if (flaw !== null) throw new Error(flaw);
  const database = new DatabaseSync(GRANTS, { timeout: 5000 });
  database.exec(`PRAGMA synchronous = FULL; ${GRANTS_SCHEMA}`);
  const rows = (where: string, ...values: string[]): AnyGrant[] =>
    database
      .prepare(`SELECT ${SHOWN} FROM standing WHERE ${where} ORDER BY asked, id`)
      .all(...values)
      .map((row) => rowSchema.parse(row));
  /** One statement, so that of two people one comes first. */
  const decide = (
    set: string,
    stands: Grant["stands"],
    id: string,
    { approver, reason }: Decision,
    values: number[] = [],
  ): boolean => {
    const which = "id IN (SELECT id FROM standing WHERE id = ? AND stands = ?)";
    const { changes } = database
      .prepare(`UPDATE grants SET ${set}, approver = ?, reason = ? WHERE ${which}`)
      .run(...values, approver, reason, id, stands);
    return changes === 1;
  };
  return {
    all: () => rows("TRUE"),
    find: (id) => rows("id = ?", id)[0] ?? null,
    approve: (id, { uses, seconds, ...decision }) =>
      decide("state = 'granted', uses = ?, until = unixepoch() + ?", "pending", id, decision, [
        uses,
        seconds,
      ]),
    deny: (id, decision) => decide("state = 'denied'", "pending", id, decision),
    revoke: (id, decision) => decide("state = 'revoked', uses = 0", "granted", id, decision),
    event: (what, { approver, reason }) => {
      database
        .prepare("INSERT INTO events (what, uid, reason) VALUES (?, ?, ?)")
        .run(what, approver, reason);
    },
    close: () => database.close(),
  };
}
