/** What waits for a person and what is granted, without sudo: what the black-box tests see only from far. */
import fs, {
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { DatabaseSync } from "node:sqlite";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type * as audit from "../../../helper/audit.ts";
import { granted, grants } from "../../../helper/grants.ts";
import { VERDICTS } from "../../../helper/policy.ts";
import type { Result } from "../../../helper/result.ts";
import type { Grant } from "../../../protocol/reply.ts";
import { decide, files, grant, grantsIn, LOG, noted, STORE, uptime } from "../grant-store.ts";

const BOOT = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
const CALL = { requestId: "r", words: ["grant"], tell: null, detached: false, started: 0 };
const WISH = "service stop ssh";
const STEP = '{"argv":["id"]}';

// The real one; but no test waits for ten seconds.
const waited = vi.hoisted((): number[] => []);
vi.mock("../../../helper/audit.ts", async (original) => {
  const real = await original<typeof audit>();
  const lock = (name: "audit" | "grants", seconds: number): Disposable | null => {
    if (name === "grants") waited.push(seconds);
    return real.lock(name, seconds / 50);
  };
  return { ...real, lock };
});

vi.stubGlobal("BUILD", { policyHash: "ab".repeat(32) });

beforeEach(() => {
  for (const place of [STORE, LOG]) rmSync(place, { recursive: true, force: true });
  process.env["SUDO_UID"] = "1000";
  delete process.env["SALLYPORT_PEER"];
});

const ask = (subject: string, claim = ""): Result =>
  grants({ kind: "grant", action: "request", subject, claim }, VERDICTS, CALL);
const use = (subject: string): Result =>
  grants({ kind: "grant", action: "use", subject }, VERDICTS, CALL);
const check = (): Result => grants({ kind: "grant", action: "check" }, VERDICTS, CALL);

describe("a wish", () => {
  test("that is guarded waits, is on record, and its file is root's alone", () => {
    const before = uptime();
    const [wish, ...more] = grantsIn(ask(WISH, "it hangs"));
    expect(more).toEqual([]);
    expect(wish).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      uid: 1000,
      subject: WISH,
      claim: "it hangs",
      asked: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      boot: BOOT,
      until: expect.any(Number),
      stands: "pending",
      uses: 1,
      by: null,
      reason: "",
    });
    expect(wish?.until).toBeGreaterThanOrEqual(before + 86_400);
    expect(wish?.until).toBeLessThan(before + 86_410);
    expect(files()).toEqual([`1000-${wish?.id}`]);
    expect(JSON.parse(readFileSync(`${STORE}/1000-${wish?.id}`, "utf8"))).toEqual(wish);
    expect(statSync(`${STORE}/1000-${wish?.id}`).mode & 0o777).toBe(0o600);
    expect(statSync(STORE).mode & 0o777).toBe(0o700);
    expect(noted()).toEqual([["note", "pending", `grant ${wish?.id}: ${WISH}`]]);
  });

  test("that is asked for again is the same, and its claim is the first", () => {
    const [first] = grantsIn(ask(WISH, "one"));
    expect(grantsIn(ask(WISH, "two"))).toEqual([first]);
    expect(files()).toHaveLength(1);
    expect(noted()).toHaveLength(1);
  });

  test.each(["service restart nginx", "service stop cron", "", "toString", "service stop ssh "])(
    "for %j cannot be granted, or need not",
    (subject) => {
      expect(ask(subject).error).toMatchObject({
        code: "not_allowed",
        message: "a person cannot grant this, or need not",
      });
      expect(files()).toEqual([]);
    },
  );

  test("for a step is taken for what it says, and is another's where another asks", () => {
    const [mine] = grantsIn(ask(STEP));
    process.env["SUDO_UID"] = "1001";
    const [theirs] = grantsIn(ask(STEP));
    expect(theirs?.uid).toBe(1001);
    expect(theirs?.id).not.toBe(mine?.id);
    expect(grantsIn(check())).toEqual([theirs]);
  });

  test("is its caller's by the name of its file and by what is in it", () => {
    ask(STEP);
    const { id } = grant();
    renameSync(`${STORE}/1000-${id}`, `${STORE}/1001-${id}`);
    expect(granted(STEP, CALL, false)).toBe(false);
    renameSync(`${STORE}/1001-${id}`, `${STORE}/1000-${id}`);
    expect(granted(STEP, CALL, false)).toBe(true);
    decide({ uid: 1001 });
    expect(granted(STEP, CALL, false)).toBe(false);
  });

  test("is refused where sixteen of the same user wait, but not for others", () => {
    for (let count = 0; count < 16; count += 1)
      expect(grantsIn(ask(`{"argv":["${count}"]}`))).toHaveLength(1);
    expect(ask(STEP).error).toMatchObject({
      code: "busy",
      message: "too many of your wishes wait for a person",
    });
    expect(files()).toHaveLength(16);
    // What waits already is told, and what was decided does not wait.
    expect(grantsIn(ask('{"argv":["3"]}'))).toHaveLength(1);
    grant();
    expect(grantsIn(ask(STEP))).toHaveLength(1);
    process.env["SUDO_UID"] = "100";
    expect(grantsIn(ask(STEP))).toHaveLength(1);
    expect(grantsIn(check())).toHaveLength(1);
  });
});

describe("nothing is granted", () => {
  test.each<[string, () => void]>([
    ["where nobody was asked", () => {}],
    ["while it waits", () => ask(WISH)],
    ["when it was denied", () => (ask(WISH), decide({ stands: "denied", by: 0 }))],
    ["to another user", () => (ask(WISH), grant(), (process.env["SUDO_UID"] = "1001"))],
    [
      "to one whose number only begins like the other's",
      () => (ask(WISH), grant(), (process.env["SUDO_UID"] = "100")),
    ],
    ["for anything else", () => (ask("service disable ssh"), grant())],
    ["in another boot", () => (ask(WISH), grant({ boot: "another" }))],
    ["when its time is over", () => (ask(WISH), grant({ until: uptime() }))],
  ])("%s", (_, arrange) => {
    arrange();
    expect(granted(WISH, CALL, false)).toBe(false);
    expect(granted(WISH, CALL, true)).toBe(false);
    expect(use(WISH).error).toMatchObject({
      code: "grant_required",
      message: "a person must grant it",
    });
  });

  test.each<[string, () => void, RegExp]>([
    [
      "the store can be written by others above",
      () => chmodSync("/var/lib/sallyport", 0o777),
      /written by others/,
    ],
    ["a file can be", () => chmodSync(`${STORE}/${files()[0]}`, 0o620), /written by others/],
    ["a file is garbage", () => writeFileSync(`${STORE}/${files()[0]}`, "x"), /JSON/],
  ])("and asking fails where %s", (_, arrange, reason) => {
    ask(WISH);
    grant();
    arrange();
    try {
      expect(() => granted(WISH, CALL, false)).toThrow(reason);
      expect(() => use(WISH)).toThrow(reason);
      expect(() => ask(WISH)).toThrow(reason);
    } finally {
      chmodSync("/var/lib/sallyport", 0o755);
    }
  });
});

test("a folder of the store that others could write is root's alone again", () => {
  mkdirSync(STORE, { recursive: true });
  chmodSync(STORE, 0o777);
  ask(WISH);
  expect(statSync(STORE).mode & 0o777).toBe(0o700);
});

describe("what is granted", () => {
  test("is seen without being used, and each use is on record before it is gone", () => {
    ask(WISH);
    const { id } = grant({ uses: 2 });
    expect(granted(WISH, CALL, false)).toBe(true);
    expect(grantsIn(check())).toMatchObject([{ uses: 2 }]);
    expect(granted(WISH, CALL, true)).toBe(true);
    expect(grantsIn(check())).toMatchObject([{ uses: 1, stands: "granted" }]);
    expect(granted(WISH, CALL, true)).toBe(true);
    expect(files()).toEqual([]);
    expect(granted(WISH, CALL, true)).toBe(false);
    const used = ["note", "used", `grant ${id} by uid 0: it is night`];
    expect(noted().slice(1)).toEqual([used, used]);
  });

  test("to a step is used by asking for it", () => {
    ask(STEP);
    grant();
    expect(use(STEP)).toMatchObject({ error: null, data: null });
    expect(files()).toEqual([]);
  });

  test("is told to who asks for it again, and not used by that", () => {
    ask(WISH);
    const given = grant();
    expect(grantsIn(ask(WISH))).toEqual([given]);
    expect(grantsIn(check())).toEqual([given]);
  });

  test("is used when that is on the disk", () => {
    ask(WISH);
    grant();
    const synced = vi.spyOn(fs, "fdatasyncSync");
    syncBuiltinESMExports();
    expect(granted(WISH, CALL, true)).toBe(true);
    expect(synced).toHaveBeenCalledOnce();
  });

  test("and cannot be recorded is not used", () => {
    ask(WISH);
    grant();
    chmodSync(LOG, 0o666);
    expect(() => granted(WISH, CALL, true)).toThrow("others can change the audit log");
    chmodSync(LOG, 0o640);
    expect(grantsIn(check())).toMatchObject([{ uses: 1, stands: "granted" }]);
  });

  test("is taken whole or not at all, and what was half made is gone with the next question", () => {
    ask(WISH);
    const { id } = grant({ uses: 2 });
    chmodSync(LOG, 0o666);
    expect(() => granted(WISH, CALL, true)).toThrow("others can change the audit log");
    chmodSync(LOG, 0o640);
    expect(files()).toContain("new");
    expect(grantsIn(check())).toMatchObject([{ uses: 2 }]);
    expect(files()).toEqual([`1000-${id}`]);
  });
});

describe("what has had its time", () => {
  test.each<[string, Partial<Grant>]>([
    ["by the seconds of this boot", { until: uptime() - 1 }],
    ["with its boot", { boot: "another" }],
  ])("%s is gone, and that is on record once", (_, changed) => {
    ask(WISH);
    const { id } = grant(changed);
    expect(grantsIn(check())).toEqual([]);
    expect(grantsIn(check())).toEqual([]);
    expect(files()).toEqual([]);
    expect(noted().slice(1)).toEqual([["note", "expired", `grant ${id}`]]);
    // A person can be asked again.
    expect(grantsIn(ask(WISH))).toMatchObject([{ stands: "pending", by: null }]);
  });

  test("is not what has a minute left", () => {
    ask(WISH);
    grant({ until: uptime() + 60 });
    expect(granted(WISH, CALL, false)).toBe(true);
  });
});

test("a list of one's own shortens what is long, the file has all of it", () => {
  const subject = JSON.stringify({ argv: ["x".repeat(1000)] });
  expect(grantsIn(ask(subject))).toMatchObject([{ subject }]);
  expect(grantsIn(check())).toMatchObject([{ subject: subject.slice(0, 256) }]);
  grant();
  expect(granted(subject, CALL, true)).toBe(true);
});

test("nobody's wishes are those of a caller without a number", () => {
  process.env["SUDO_UID"] = "";
  expect(grantsIn(ask(WISH))).toMatchObject([{ uid: -1 }]);
  expect(granted(WISH, CALL, false)).toBe(false);
});

test("what is granted is of no use where lock-down came before its turn, and stays", () => {
  ask(WISH);
  grant();
  writeFileSync("/var/lib/sallyport/lockdown", "");
  try {
    expect(granted(WISH, CALL, true)).toBe(false);
  } finally {
    rmSync("/var/lib/sallyport/lockdown");
  }
  expect(granted(WISH, CALL, true)).toBe(true);
});

test("while others have the store for ten seconds nothing is granted, and nothing waits", () => {
  ask(WISH);
  grant();
  const others = new DatabaseSync("/run/sallyport/grants.lock");
  others.exec("BEGIN EXCLUSIVE");
  try {
    waited.length = 0;
    expect(check().error).toMatchObject({ code: "busy", message: "others ask for grants" });
    expect(granted(WISH, CALL, false)).toBe(false);
    expect(waited).toEqual([10, 10]);
  } finally {
    others.close();
  }
  expect(grantsIn(check())).toMatchObject([{ uses: 1 }]);
});
