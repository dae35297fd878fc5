/**
 * What waits for a person and what was granted, as root sees it: all of it, whoever asked. Deciding is here and
 * not in the helper, so that no rule for the helper can decide.
 */
import { chmodSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { GRANTS, type Grant } from "../../protocol/reply.ts";
import { ownershipFlaw } from "../doctor/ownership.ts";
import { grantSchema } from "../reply.ts";
import { secondsLeft, thisBoot } from "./time-left.ts";

const LOCKS = "/run/sallyport";
const PATIENCE_MS = 10_000;

/** What stands, oldest first. Throws where others could have changed it, or where it is not what the helper writes. */
export function standingGrants(): Grant[] {
  using _ = grantsLocked();
  return read();
}

/**
 * Changes what stands under `id`, or null takes it away. `record` is called before, and only where it `stands` like
 * that: of two people one comes first. What is not on record is not done: false, as where somebody was first.
 */
export async function changeGrant(
  id: string,
  stands: Grant["stands"],
  change: (now: Grant) => Grant | null,
  record: (now: Grant) => Promise<boolean>,
): Promise<boolean> {
  using _ = grantsLocked();
  const now = read().find((grant) => grant.id === id && grant.stands === stands);
  if (now === undefined || !(await record(now))) return false;
  const file = join(GRANTS, `${now.uid}-${now.id}`);
  const next = change(now);
  if (next === null) {
    rmSync(file);
    return true;
  }
  writeFileSync(join(GRANTS, "new"), JSON.stringify(next), { mode: 0o600 });
  renameSync(join(GRANTS, "new"), file);
  return true;
}

function read(): Grant[] {
  mkdirSync(GRANTS, { recursive: true });
  chmodSync(GRANTS, 0o700);
  const boot = thisBoot();
  return readdirSync(GRANTS)
    .filter((name) => name !== "new")
    .map((name) => readOne(join(GRANTS, name)))
    .filter((grant) => grant.boot === boot && secondsLeft(grant) > 0)
    .toSorted((one, other) => (one.asked < other.asked ? -1 : 1));
}

function readOne(path: string): Grant {
  const flaw = ownershipFlaw(path);
  if (flaw !== null) throw new Error(flaw);
  const parsed = grantSchema.safeParse(JSON.parse(readFileSync(path, "utf8")));
  if (!parsed.success) throw new Error(`${path} is no grant`);
  return parsed.data;
}

/** The helper's own lock (`lock` in helper/audit.ts), by the same means. */
function grantsLocked(): Disposable {
  mkdirSync(LOCKS, { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(join(LOCKS, "grants.lock"), { timeout: PATIENCE_MS });
  database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  return { [Symbol.dispose]: () => database.close() };
}
