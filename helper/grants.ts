// Decides what waits for a person, and when what a person granted is used up.
// If it were wrong, an agent could do without a person what only a person may decide, or do it twice.
import * as fs from "node:fs";
import type { GrantRequest } from "../protocol/operation.ts";
import { GRANTS, type Grant, type Verdicts } from "../protocol/reply.ts";
import type { Call } from "./answer.ts";
import { append, boot, lock, lockedDown, sha256 } from "./audit.ts";
import { caller, distrustAny } from "./defence.ts";
import { judge } from "./judge.ts";
import { refused, told, type Result } from "./result.ts";

const [WAITING, WAIT_SECONDS] = [16, 86_400]; // how many of one user, and how long
const uptime = (): number => Number.parseInt(fs.readFileSync("/proc/uptime", "latin1"), 10);

/** The caller's own. What has had its time is gone, and that is on record. */
function own(call: Call): Grant[] {
  fs.mkdirSync(GRANTS, { recursive: true });
  fs.chmodSync(GRANTS, 0o700);
  const flaw = distrustAny([GRANTS]);
  if (flaw !== null) throw new Error(flaw);
  fs.rmSync(`${GRANTS}/new`, { force: true }); // of one that was killed, or could not be recorded
  const names = fs.readdirSync(GRANTS).filter((name) => name.startsWith(`${caller().uid}-`));
  const read = (name: string) => JSON.parse(fs.readFileSync(`${GRANTS}/${name}`, "utf8")) as Grant;
  const all = names.map(read).filter((it) => it.uid === caller().uid);
  const stands = (it: Grant): boolean => it.boot === boot() && it.until > uptime();
  for (const one of all.filter((it) => !stands(it)))
    put({ ...one, uses: 0 }, () => note(call, "expired", `grant ${one.id}`));
  return all.filter(stands);
}

/** A file is as it was, or whole; of what is used up there is none. It is `noted` before, but not without room for it. */
function put(grant: Grant, noted: () => unknown): void {
  const file = `${GRANTS}/${grant.uid}-${grant.id}`;
  if (grant.uses > 0) fs.writeFileSync(`${GRANTS}/new`, JSON.stringify(grant), { mode: 0o600 });
  noted();
  if (grant.uses === 0) fs.unlinkSync(file);
  else fs.renameSync(`${GRANTS}/new`, file);
}

/** Whether exactly this is granted to the caller; one use of it is `taken`, and that is on record. */
export function granted(subject: string, call: Call, taken: boolean): boolean {
  using held = lock("grants", 10);
  if (held === null || lockedDown()) return false;
  const one = own(call).find((it) => it.subject === subject && it.stands === "granted");
  if (one === undefined || !taken) return one !== undefined;
  const use = `grant ${one.id} by uid ${one.by}: ${one.reason}`;
  put({ ...one, uses: one.uses - 1 }, () => note(call, "used", use));
  return true;
}

/** Nothing here grants anything: root's command line does, for a person. */
export function grants(request: GrantRequest, policy: Verdicts, call: Call): Result {
  if (request.action === "use" && granted(request.subject, call, true)) return told(null);
  if (request.action === "use") return refused("grant_required", "a person must grant it");
  using held = lock("grants", 10);
  if (held === null) return refused("busy", "others ask for grants");
  const standing = own(call);
  const brief = (one: Grant): Grant => ({ ...one, subject: one.subject.slice(0, 256) });
  if (request.action === "check") return told({ kind: "grant", grants: standing.map(brief) });
  const { subject, claim } = request;
  if (!subject.startsWith("{") && judge(subject, policy) !== "guard")
    return refused("not_allowed", "a person cannot grant this, or need not");
  const same = standing.find((one) => one.subject === subject);
  if (same !== undefined) return told({ kind: "grant", grants: [same] });
  if (standing.filter(({ stands }) => stands === "pending").length >= WAITING)
    return refused("busy", "too many of your wishes wait for a person");
  const uid = caller().uid ?? -1;
  // Of the same user and subject it is the same: none fits another's.
  const id = sha256(`${uid} ${subject}`).slice(0, 32);
  const when = { asked: new Date().toISOString(), boot: boot(), until: uptime() + WAIT_SECONDS };
  const undecided = { stands: "pending", uses: 1, by: null, reason: "" } as const;
  const wish: Grant = { id, uid, subject, claim, ...when, ...undecided };
  put(wish, () => note(call, "pending", `grant ${id}: ${subject}`));
  return told({ kind: "grant", grants: [wish] });
}

export function note(call: Call, decision: string, rule: string): Result {
  append(call, { phase: "note", decision, rule }, true);
  return told(null);
}
