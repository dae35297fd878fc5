// Decides what waits for a person, and when what a person granted is used up.
// If it were wrong, an agent could do without a person what only a person may decide, or do it twice.
import { randomBytes } from "node:crypto";
import { closeSync, lstatSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { GRANTS, GRANTS_SCHEMA, type Grant } from "../protocol/grant.ts";
import type { GrantRequest } from "../protocol/operation.ts";
import { caller } from "./defence.ts";
import { refused, told, type Result } from "./result.ts";
import { distrust } from "./trust.ts";

/** Of one user; how long a wish waits. */
const [WAITING, KEPT, WAIT_SECONDS] = [16, 64, 86_400];
const SHOWN = "id, subject, claim, asked, until, stands, uses, approver, reason";
const USABLE = "uid = ? AND subject = ? AND stands = 'granted'";

let open: DatabaseSync | undefined;
function store(): DatabaseSync {
  if (open !== undefined) return open;
  mkdirSync(dirname(GRANTS), { recursive: true, mode: 0o755 });
  const flaw = distrust(GRANTS);
  if (flaw !== null) throw new Error(flaw);
  closeSync(openSync(GRANTS, "a", 0o600));
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
  const database = new DatabaseSync(GRANTS, { timeout: 5000 });
  database.exec(`PRAGMA synchronous = FULL; ${GRANTS_SCHEMA}`);
  return (open = database);
}

const uid = (): number => caller().uid ?? -1;
const own = (where: string, ...values: string[]): Grant[] =>
  store()
    .prepare(`SELECT ${SHOWN} FROM standing WHERE uid = ? AND ${where} ORDER BY asked, id`)
    .all(uid(), ...values) as Grant[];

/** Whether the caller may do this once more. Where nobody has ever asked there is nothing, and nothing is made. */
export function usable(subject: string): boolean {
  if (open === undefined && lstatSync(GRANTS, { throwIfNoEntry: false }) === undefined)
    return false;
  return (
    store().prepare(`SELECT 1 FROM standing WHERE ${USABLE}`).get(uid(), subject) !== undefined
  );
}

/** Takes one use of a grant for exactly this, and says whose it was; null where there is none. */
export function use(subject: string, id: string | null = null): string | null {
  const fit = `SELECT id FROM standing WHERE ${USABLE} AND id = ifnull(?, id) ORDER BY until LIMIT 1`;
  // One statement: SQLite takes its lock before it looks, so of two callers one finds nothing left.
  const taken = store()
    .prepare(`UPDATE grants SET uses = uses - 1 WHERE id = (${fit}) RETURNING id, approver`)
    .get(uid(), subject, id) as Grant | undefined;
  return taken === undefined ? null : `grant ${taken.id} of uid ${taken.approver}`;
}

/** A list must fit into a reply. */
const brief = (one: Grant): Grant => ({ ...one, subject: one.subject.slice(0, 256) });

type Note = (decision: string, rule: string) => Promise<void>;

/** `guarded`: whether a person may grant what these words ask for. */
export async function grant(
  request: GrantRequest,
  guarded: (wish: string) => boolean,
  note: Note,
): Promise<Result> {
  await tell(note);
  if (request.action === "check") {
    const { id } = request;
    return told({
      kind: "grant",
      grants: id === null ? own("TRUE").map(brief) : own("id = ?", id),
    });
  }
  const { subject } = request;
  if (request.action === "use") {
    const by = subject.startsWith("{") ? use(subject, request.id) : null;
    if (by === null) return refused("grant_required", "no person has granted this");
    await note("used", `${by}: ${subject}`);
    return told({ kind: "grant", grants: own("id = ?", request.id) });
  }
  if (!subject.startsWith("{") && !guarded(subject))
    return refused("not_allowed", "a person cannot grant this, or need not");
  const same = own("subject = ? AND stands = 'pending'", subject);
  if (same.length > 0) return told({ kind: "grant", grants: same });
  if (own("stands = 'pending'").length >= WAITING)
    return refused("busy", "too many of your wishes wait for a person");
  const id = randomBytes(8).toString("hex");
  await note("pending", `grant ${id}: ${subject}`);
  store()
    .prepare(
      "INSERT INTO grants (id, uid, subject, claim, asked, until) VALUES (?, ?, ?, ?, unixepoch(), unixepoch() + ?)",
    )
    .run(id, uid(), subject, request.claim, WAIT_SECONDS);
  store()
    .prepare(
      `DELETE FROM grants WHERE uid = ? AND id IN (SELECT id FROM standing WHERE uid = ?
        AND stands NOT IN ('pending', 'granted') AND stands = told ORDER BY asked DESC LIMIT -1 OFFSET ${KEPT})`,
    )
    .run(uid(), uid());
  return told({ kind: "grant", grants: own("id = ?", id) });
}

type Told = Grant & { uid: number };
/** What people decided, or time did, goes into the audit log with the first who asks after it; killed: twice. */
async function tell(note: Note): Promise<void> {
  const database = store();
  database.exec("BEGIN IMMEDIATE");
  try {
    const untold = database.prepare("SELECT * FROM standing WHERE stands <> told").all();
    for (const { id, stands, uid: asker, approver, reason, subject } of untold as Told[]) {
      const by = `${approver === null ? "time" : `uid ${approver}`}${reason === null ? "" : ` (${reason})`}`;
      await note(stands, `grant ${id} by ${by} for uid ${asker}: ${subject}`);
    }
    for (const { what, uid: by, reason } of database.prepare("SELECT * FROM events").all())
      await note(String(what), `by uid ${Number(by)}: ${String(reason)}`);
    database.exec("DELETE FROM events");
    if (untold.length > 0)
      database.exec(
        "UPDATE grants SET told = (SELECT stands FROM standing s WHERE s.id = grants.id)",
      );
    database.exec("COMMIT");
  } finally {
    if (database.isTransaction) database.exec("ROLLBACK");
  }
}
