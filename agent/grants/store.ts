/**
 * What waits for a person and what was granted, as root sees it: all of it, whoever asked. Deciding is here and
 * not in the helper, so that no rule for the helper can decide.
 */
import * as fs from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { GRANTS, type Grant } from "../../protocol/reply.ts";
import { ownershipFlaw } from "../doctor/ownership.ts";
import { grantSchema } from "../reply.ts";
import { secondsLeft, thisBoot } from "./time-left.ts";

const LOCKS = "/run/sallyport";
const PATIENCE_MS = 10_000;

/** Others could have changed what waits, it is not what the helper writes, or others hold it. */
export class StoreUnusable extends Error {}

/** What stands, oldest first; throws StoreUnusable. */
export function standingGrants(): Grant[] {
  // Where nobody has ever asked there is nothing, and a look makes nothing.
  if (!fs.existsSync(GRANTS)) return [];
  using _ = grantsLocked();
  return read();
}

/**
 * Changes what stands under `id`, or null takes it away. `record` is called before, and only where it `stands` like
 * that: of two people one comes first. What is not on record is not done: false, as where somebody was first. What the
 * disk has no room for is not on record.
 */
export async function changeGrant(
  id: string,
  stands: Grant["stands"],
  change: (now: Grant) => Grant | null,
  record: (now: Grant) => Promise<boolean>,
): Promise<boolean> {
  using _ = grantsLocked();
  const now = read().find((grant) => grant.id === id && grant.stands === stands);
  if (now === undefined) return false;
  const [file, changed] = [join(GRANTS, `${now.uid}-${now.id}`), join(GRANTS, "new")];
  const next = change(now);
  if (next !== null) fs.writeFileSync(changed, JSON.stringify(next), { mode: 0o600 });
  if (!(await record(now))) {
    fs.rmSync(changed, { force: true });
    return false;
  }
  if (next === null) fs.rmSync(file);
  else fs.renameSync(changed, file);
  return true;
}

function read(): Grant[] {
  const boot = thisBoot();
  return fs
    .readdirSync(GRANTS)
    .filter((name) => name !== "new")
    .map((name) => readOne(join(GRANTS, name)))
    .filter((grant) => grant.boot === boot && secondsLeft(grant) > 0)
    .toSorted((one, other) => (one.asked < other.asked ? -1 : 1));
}

function readOne(path: string): Grant {
  const flaw = ownershipFlaw(path);
  if (flaw !== null) throw new StoreUnusable(flaw);
  try {
    return grantSchema.parse(JSON.parse(fs.readFileSync(path, "utf8")));
  } catch {
    throw new StoreUnusable(`${path} is no grant`);
  }
}

/** The helper's own lock (`lock` in helper/audit.ts), by the same means. */
function grantsLocked(): Disposable {
  fs.mkdirSync(LOCKS, { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(join(LOCKS, "grants.lock"), { timeout: PATIENCE_MS });
  try {
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch {
    database.close();
    throw new StoreUnusable("others hold what waits for a person");
  }
  return { [Symbol.dispose]: () => database.close() };
}
