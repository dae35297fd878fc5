/**
 * What waits for a person, as root sees it: all of it, whoever asked. Deciding is here and not in the helper,
 * so that no rule for the helper can decide; the helper records what was decided when it is next asked.
 */
import { closeSync, existsSync, fstatSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { GRANTS, type Grant } from "../../protocol/grant.ts";
import { z } from "zod";
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
  close(): void;
};

const SHOWN = "id, uid, subject, claim, asked, until, stands, uses, approver, reason";

/** Null where nobody has ever asked. Throws where the file is not root's alone. */
export function openGrants(): GrantStore | null {
  if (!existsSync(GRANTS)) return null;
  const fd = openSync(GRANTS, "r");
  try {
    const { uid, mode } = fstatSync(fd);
    if (uid !== 0 || (mode & 0o077) !== 0) throw new Error(`${GRANTS} is not root's alone`);
  } finally {
    closeSync(fd);
  }
  const database = new DatabaseSync(GRANTS, { timeout: 5000 });
  database.exec("PRAGMA synchronous = FULL");
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
    close: () => database.close(),
  };
}
