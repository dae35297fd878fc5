// What waits for a person: shared by the helper, who asks for it or uses it, and by who decides, as root.

/** Only root reads or writes it: SQLite, whose locks make one of two uses or decisions come first. */
export const GRANTS = "/var/lib/sallyport/grants.sqlite";
/** While it is there, whatever it is, nothing is done. */
export const LOCKDOWN = "/var/lib/sallyport/lockdown";
export const GRANT_ID = /^[0-9a-f]{16}$/;
/** In UTF-8. A subject is a guarded request's words, or all that decides what a step does, as JSON. */
export const SUBJECT_MAX_BYTES = 16_384;
export const CLAIM_MAX_BYTES = 1024;

const COLUMNS = `id TEXT PRIMARY KEY, uid INTEGER NOT NULL, subject TEXT NOT NULL, claim TEXT NOT NULL,
  asked INTEGER NOT NULL, until INTEGER NOT NULL, state TEXT NOT NULL DEFAULT 'pending',
  uses INTEGER NOT NULL DEFAULT 0, approver INTEGER, reason TEXT, told TEXT NOT NULL DEFAULT 'pending'`;
/** `events`: what root did, until the audit log has it. `standing`: what a grant is now. `told`: what of it the audit log has. Times in seconds since 1970. */
export const GRANTS_SCHEMA = `CREATE TABLE IF NOT EXISTS grants (${COLUMNS}) STRICT;
CREATE TABLE IF NOT EXISTS events (what TEXT NOT NULL, uid INTEGER NOT NULL, reason TEXT) STRICT;
CREATE VIEW IF NOT EXISTS standing AS SELECT *, CASE WHEN state = 'granted' AND uses = 0 THEN 'used'
  WHEN state IN ('pending', 'granted') AND until <= unixepoch() THEN 'expired' ELSE state END AS stands FROM grants`;

/** `claim` is the agent's word for why. `approver` is a user id, `reason` what they said; null before. */
export type Grant = Record<"id" | "subject" | "claim", string> & {
  stands: "pending" | "granted" | "denied" | "revoked" | "expired" | "used";
} & Record<"asked" | "until" | "uses", number> & { approver: number | null; reason: string | null };
/** The caller's own, oldest first. */
export type GrantData = { kind: "grant"; grants: Grant[] };
