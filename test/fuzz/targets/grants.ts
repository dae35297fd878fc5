/**
 * Wishes, decisions and uses in any order, and files in the store that nobody of ours wrote: what is granted is what
 * a person granted, as often as that, and no more of them wait than may. Needs folders of its own: scripts/alone.
 */
import assert from "node:assert/strict";
import { chmodSync, chownSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import * as fc from "fast-check";
import { changeGrant, standingGrants } from "../../../agent/grants/store.ts";
import { granted, grants as answer } from "../../../helper/grants.ts";
import { VERDICTS } from "../../../helper/policy.ts";
import type { Result } from "../../../helper/result.ts";
import type { GrantRequest } from "../../../protocol/operation.ts";
import { GRANTS, type Grant } from "../../../protocol/reply.ts";
import { edited, edits, oddText, type Edit } from "../odd-text.ts";
import { soon, target } from "../target.ts";

const LOG = "/var/log/sallyport/audit.jsonl";
const CALL = { requestId: "r", words: ["grant"], tell: null, detached: false, started: 0 };
const WAITING = 16;
/** One number begins like another's. Who has none is refused before it comes to this: test/attack/audit.test.ts. */
const USERS = ["1000", "100", "10001", "0"];
const GUARDED = ["service stop ssh", "package upgrade"];
const STEPS = Array.from({ length: 20 }, (_, at) => JSON.stringify({ argv: [`${at}`] }));

type By = { user: string; subject: string };
type Step =
  | (By & { kind: "request"; claim: string })
  | (By & { kind: "use" | "look" })
  | (By & { kind: "list" | "deny" | "revoke" })
  | (By & { kind: "approve"; uses: number; recorded: boolean })
  | (By & { kind: "end"; how: "time" | "boot" })
  | { kind: "torn"; text: string }
  | (By & { kind: "file"; name: string; changes: Edit[]; mode: number; owner: number });

// Mostly the same ones: what is asked for is to be decided, and used, in one order of steps.
const user = fc.oneof(
  { weight: 6, arbitrary: fc.constant("1000") },
  { weight: 1, arbitrary: fc.constantFrom(...USERS) },
);
const subject = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom("service stop ssh", '{"argv":["0"]}') },
  { weight: 2, arbitrary: fc.constantFrom(...GUARDED, ...STEPS) },
  { weight: 1, arbitrary: oddText([...GUARDED, "service restart nginx", "{", '{"argv":[]}']) },
);
const by = { user, subject };
const kind = <Kind extends string>(...kinds: Kind[]) => fc.constantFrom(...kinds);
const request = fc.record({ kind: kind("request"), ...by, claim: oddText(["why"]) });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: request },
  { weight: 6, arbitrary: fc.record({ kind: kind("use", "look"), ...by }) },
  { weight: 4, arbitrary: fc.record({ kind: kind("list", "deny", "revoke"), ...by }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: kind("approve"),
      ...by,
      uses: fc.integer({ min: 1, max: 3 }),
      recorded: fc.constantFrom(true, true, true, false),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: kind("end"), ...by, how: kind("time", "boot") }) },
  { weight: 1, arbitrary: fc.record({ kind: kind("torn"), text: oddText(['{"uid":1000,']) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: kind("file"),
      ...by,
      name: fc.oneof(
        fc.constantFrom("1000-", "1000-0123456789abcdef0123456789abcdef"),
        oddText(["1000-x", "100-x", "new"]),
      ),
      changes: fc.oneof(
        fc.constant<Edit[]>([]),
        edits(['"', "denied", "pending", "99", "{}", "[]", "null"]),
      ),
      mode: fc.constantFrom(0o600, 0o600, 0o000, 0o644, 0o620, 0o606, 0o666),
      owner: fc.constantFrom(0, 0, 1000),
    }),
  },
);
/** One user who asks for much, so that the bound on what waits is reached. */
const crowd = fc
  .constantFrom(...USERS)
  .map((one): Step[] =>
    STEPS.map((wish) => ({ kind: "request", user: one, subject: wish, claim: "" })),
  );

/** What ought to stand, by user and subject. */
type Model = Map<string, { id: string; stands: Grant["stands"]; uses: number }>;
type World = { model: Model; uses: number };

export const grants = target<Step[]>({
  input: fc
    .tuple(
      fc.array(step, { maxLength: 30 }),
      fc.oneof({ weight: 3, arbitrary: fc.constant<Step[]>([]) }, { weight: 1, arbitrary: crowd }),
      fc.array(step, { maxLength: 30 }),
    )
    .map((parts) => parts.flat()),
  async holds(steps) {
    await import("../../mutation/own-folders.ts");
    Object.assign(globalThis, { BUILD: { policyHash: "ab".repeat(32) } });
    for (const place of [GRANTS, LOG]) rmSync(place, { recursive: true, force: true });
    delete process.env["SALLYPORT_PEER"];
    const world: World = { model: new Map(), uses: 0 };
    for (const one of steps) await soon(async () => await take(one, world));
    const stand = standingGrants().map(({ id, stands, uses }) => `${id} ${stands} ${uses}`);
    const ought = [...world.model.values()].map((it) => `${it.id} ${it.stands} ${it.uses}`);
    assert.deepEqual(stand.toSorted(), ought.toSorted(), "another implementation sees the same");
    const log = existsSync(LOG) ? readFileSync(LOG, "utf8") : "";
    assert.equal(log.split('"decision":"used"').length - 1, world.uses, "each use is on record");
  },
});

const keyOf = ({ user: uid, subject: wish }: By): string => `${uid} ${wish}`;

function ask(words: GrantRequest): Result {
  return answer(words, VERDICTS, CALL);
}

async function take(one: Step, world: World): Promise<void> {
  const { model } = world;
  if (one.kind === "torn") {
    // As a helper leaves it that is killed before it renames it.
    if (existsSync(GRANTS)) writeFileSync(`${GRANTS}/new`, one.text, { mode: 0o600 });
    return;
  }
  process.env["SUDO_UID"] = one.user;
  const key = keyOf(one);
  const now = model.get(key);
  switch (one.kind) {
    case "request":
      return requested(one, model);
    case "use":
    case "look":
      return used(one, world);
    case "list": {
      const listed = listOf(ask({ kind: "grant", action: "check" }));
      const own = [...model].filter(([its]) => its.startsWith(key.slice(0, key.indexOf(" ") + 1)));
      assert.deepEqual(listed.toSorted(), own.map(([, { id }]) => id).toSorted());
      return;
    }
    case "approve": {
      const approved = { stands: "granted", by: 0, reason: "night", uses: one.uses } as const;
      const done = await decided(now, (it) => ({ ...it, ...approved }), one.recorded);
      assert.equal(done, now?.stands === "pending" && one.recorded);
      if (done && now !== undefined) model.set(key, { ...now, stands: "granted", uses: one.uses });
      return;
    }
    case "deny": {
      const done = await decided(now, (it) => ({ ...it, stands: "denied", by: 0 }), true);
      if (done && now !== undefined) model.set(key, { ...now, stands: "denied" });
      return;
    }
    case "revoke":
      if (now !== undefined) await changeGrant(now.id, now.stands, () => null, yes);
      model.delete(key);
      return;
    case "end":
      if (now !== undefined) {
        const change = one.how === "time" ? { until: 1 } : { boot: "another" };
        await changeGrant(now.id, now.stands, (it) => ({ ...it, ...change }), yes);
      }
      model.delete(key);
      return;
    case "file":
      return withFile(one, world);
    default:
      return one satisfies never;
  }
}

const yes = async (): Promise<boolean> => await Promise.resolve(true);

async function decided(
  now: { id: string } | undefined,
  change: (now: Grant) => Grant,
  recorded: boolean,
): Promise<boolean> {
  if (!existsSync(GRANTS)) return false;
  return await changeGrant(now?.id ?? "none", "pending", change, async () => {
    return await Promise.resolve(recorded);
  });
}

function listOf({ data, error }: Result): string[] {
  assert.equal(error, null);
  assert(data?.kind === "grant");
  return data.grants.map(({ id }) => id);
}

function requested(
  { user: uid, subject: wish, claim }: By & { claim: string },
  model: Model,
): void {
  const key = keyOf({ user: uid, subject: wish });
  const now = model.get(key);
  const { data, error } = ask({ kind: "grant", action: "request", subject: wish, claim });
  const possible = wish.startsWith("{") || GUARDED.includes(wish);
  const [own] = key.split(" ", 1);
  const waiting = [...model].filter(
    ([its, { stands }]) => its.startsWith(`${own} `) && stands === "pending",
  ).length;
  if (!possible) assert.equal(error?.code, "not_allowed");
  else if (now === undefined && waiting >= WAITING) assert.equal(error?.code, "busy");
  else {
    assert.equal(error, null);
    assert(data?.kind === "grant" && data.grants.length === 1);
    const [given] = data.grants;
    assert(given !== undefined && given.subject === wish);
    const { id, stands, uses } = given;
    // Asking grants nothing, and changes nothing of what stands.
    assert.deepEqual({ id, stands, uses }, now ?? { id, stands: "pending", uses: 1 });
    model.set(key, { id, stands, uses });
  }
}

function used(one: By & { kind: "use" | "look" }, world: World): void {
  const now = world.model.get(keyOf(one));
  const may = now?.stands === "granted";
  if (one.kind === "look") assert.equal(granted(one.subject, CALL, false), may);
  else {
    const { error } = ask({ kind: "grant", action: "use", subject: one.subject });
    assert.equal(error?.code ?? null, may ? null : "grant_required");
    if (may) taken(one, world);
  }
}

function taken(one: By, world: World): void {
  const now = world.model.get(keyOf(one));
  assert(now !== undefined && now.stands === "granted" && now.uses > 0);
  world.uses += 1;
  if (now.uses === 1) world.model.delete(keyOf(one));
  else world.model.set(keyOf(one), { ...now, uses: now.uses - 1 });
}

/** A file that looks like a wish, somewhat: while it is there what is granted may be refused, and nothing else is granted. */
function withFile(one: Step & { kind: "file" }, world: World): void {
  if (!existsSync(GRANTS) || !nameable(one.name)) return;
  const file = `${GRANTS}/${one.name}`;
  if (existsSync(file)) return;
  const wish = { id: "0".repeat(32), uid: 1000, subject: one.subject, claim: "", asked: "" };
  // Whoever may write as root may grant; all others are found out by owner and mode.
  const foreign = one.owner !== 0 || (one.mode & 0o022) !== 0;
  const stands = foreign ? "granted" : "pending";
  const rest = { boot: bootId(), until: 2 ** 40, stands, uses: 9, by: null, reason: "" };
  writeFileSync(file, edited(JSON.stringify({ ...wish, ...rest }), one.changes));
  chownSync(file, one.owner, one.owner);
  chmodSync(file, one.mode);
  try {
    const before = existsSync(LOG) ? readFileSync(LOG, "utf8").length : 0;
    let was: boolean | null = null;
    try {
      was = granted(one.subject, CALL, true);
    } catch (error) {
      // Answered as `internal` by who calls this.
      assert(error instanceof Error);
    }
    assert(!(foreign && was === true), "a file of others grants nothing");
    const log = existsSync(LOG) ? readFileSync(LOG, "utf8").slice(before) : "";
    assert.equal(log.includes('"decision":"used"'), was === true);
    if (was === true) taken(one, world);
  } finally {
    rmSync(file, { force: true });
  }
  // What it named besides itself may be gone with it: less is granted then, never more.
  const left = new Set(standingGrants().map(({ id }) => id));
  for (const [key, { id }] of world.model) if (!left.has(id)) world.model.delete(key);
}

function nameable(name: string): boolean {
  if (name === "" || name === "." || name === "..") return false;
  return !/[/\0]/.test(name) && Buffer.byteLength(name) < 200;
}

function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}
