/** The audit log as the helper writes it, read by the independent verifier. */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { bytesOf } from "../../../agent/audit/log-file.ts";
import { verifyChain } from "../../../agent/audit/verify.ts";
import { append, ownRecords, type Fact } from "../../../helper/audit.ts";
import { caller } from "../../../helper/defence.ts";

const FOLDER = "/var/log/sallyport";
const FILE = `${FOLDER}/audit.jsonl`;

// As the build puts it in.
vi.stubGlobal("BUILD", { policyHash: "ab".repeat(32) });

beforeEach(() => {
  fs.rmSync(FOLDER, { recursive: true, force: true });
  process.env["SUDO_UID"] = "1000";
  process.env["SUDO_USER"] = "agent";
  delete process.env["SALLYPORT_PEER"];
});

const END = { code: null, exitCode: 0, timedOut: false, durationMs: 3 };
const CALL = {
  requestId: "r-1",
  words: ["service", "stop", "ssh"],
  tell: null,
  detached: false,
  started: 0,
};
const FACT: Fact = {
  phase: "refused",
  decision: "grant_required",
  rule: "a person must grant: service stop ssh",
};
type Changes = Partial<Fact> & { requestId?: string; words?: string[] };
/** Appends a record that is like all others but for `changed`. */
function add(
  sync: boolean,
  { requestId = "r-1", words = CALL.words, ...fact }: Changes = {},
): boolean {
  return append({ ...CALL, requestId, words }, { ...FACT, ...fact }, sync);
}
const lines = (): string[] => fs.readFileSync(FILE, "utf8").split("\n").slice(0, -1);
const verified = (): ReturnType<typeof verifyChain> => verifyChain(bytesOf(FILE));
const lastOf = (): Record<string, unknown> => JSON.parse(lines().at(-1) ?? "") as never;

test("a record has all that was asked and decided, and the chain begins with it", async () => {
  add(true);
  const [line = ""] = lines();
  expect(JSON.parse(line)).toEqual({
    v: 1,
    seq: 1,
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    boot: fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
    uid: 1000,
    user: "agent",
    via: "sudo",
    requestId: "r-1",
    phase: "refused",
    argv: ["service", "stop", "ssh"],
    decision: "grant_required",
    rule: "a person must grant: service stop ssh",
    policyHash: "ab".repeat(32),
    prev: "0".repeat(64),
    hash: createHash("sha256")
      .update(line.replace(/,"hash":"\w{64}"\}$/, "}"))
      .digest("hex"),
  });
  expect(await verified()).toMatchObject({ intact: true, records: 1 });
  expect(fs.statSync(FILE).mode & 0o777).toBe(0o640);
  expect(fs.statSync(FOLDER).mode & 0o777).toBe(0o750);
});

test("each record hangs on the one before", async () => {
  add(true, { phase: "begin", requestId: "a" });
  add(false, { requestId: "b" });
  add(false, { phase: "end", requestId: "a", result: END });
  expect(await verified()).toMatchObject({
    intact: true,
    records: 3,
    interruptedCount: 0,
    mended: 0,
    last: { seq: 3 },
  });
});

test("nothing stays open", () => {
  add(false);
  const open = (): number => fs.readdirSync("/proc/self/fd").length;
  const before = open();
  for (let count = 0; count < 20; count += 1) add(true);
  expect(open()).toBeLessThan(before + 10);
});

test("what a caller can lengthen is shortened: no record is longer than the reader takes", async () => {
  const words = Array.from({ length: 20 }, () => "\u0001".repeat(1000));
  add(false, { words, rule: "\u0001".repeat(9000) });
  const [line = ""] = lines();
  const record = JSON.parse(line) as { argv: string[]; rule: string };
  expect(record.argv).toEqual(Array.from({ length: 8 }, () => "\u0001".repeat(256)));
  expect(record.rule).toBe("\u0001".repeat(1024));
  add(false);
  expect(await verified()).toMatchObject({ intact: true, records: 2 });
});

test("what a killed helper left of a line is dropped, counted, and the chain goes on", async () => {
  add(false);
  fs.appendFileSync(FILE, '{"v":1,"se');
  add(false, { requestId: "r-2" });
  expect(lastOf()).toMatchObject({ seq: 2, torn: 10 });
  expect(await verified()).toMatchObject({ intact: true, records: 2, mended: 1 });
  fs.writeFileSync(FILE, "torn from the start");
  add(false);
  expect(lastOf()).toMatchObject({ seq: 1, torn: 19 });
  expect(await verified()).toMatchObject({ intact: true, records: 1 });
});

test("under lock-down, a link to nowhere too, nothing begins, and all else is recorded", () => {
  expect(add(true, { phase: "begin" })).toBe(true);
  fs.symlinkSync("/nowhere", "/var/lib/sallyport/lockdown");
  const begun = add(true, { phase: "begin" });
  const others = (["end", "refused"] as const).map((phase) => add(false, { phase }));
  fs.rmSync("/var/lib/sallyport/lockdown");
  expect([begun, others, lines().length]).toEqual([false, [true, true], 3]);
});

describe("nothing is recorded", () => {
  test.each([
    ["in a log that all can write", () => fs.chmodSync(FILE, 0o666), /others can change/],
    ["in a log of another's", () => fs.chownSync(FILE, 1000, 0), /others can change/],
    ["in a folder that all can write", () => fs.chmodSync(FOLDER, 0o777), /others can change/],
    ["in a folder of another's", () => fs.chownSync(FOLDER, 1000, 0), /others can change/],
    [
      "in a log and a folder of another's",
      () => {
        fs.chownSync(FILE, 1000, 0);
        fs.chownSync(FOLDER, 1000, 0);
      },
      /others can change/,
    ],
    ["in a log with a second name", () => fs.linkSync(FILE, `${FOLDER}/two`), /others can change/],
    [
      "in a log that is a link",
      () => {
        fs.renameSync(FILE, `${FOLDER}/real`);
        fs.symlinkSync(`${FOLDER}/real`, FILE);
      },
      /ELOOP/,
    ],
    [
      "in a log that is a folder",
      () => {
        fs.rmSync(FILE);
        fs.mkdirSync(FILE);
      },
      /EISDIR/,
    ],
    ["behind a line that is no record", () => fs.appendFileSync(FILE, "x\n"), /JSON/],
    [
      "behind a record without a hash",
      () => fs.appendFileSync(FILE, '{"seq":2,"hash":"12"}\n'),
      /broken chain/,
    ],
    [
      "behind a record without a number",
      () => fs.appendFileSync(FILE, `{"seq":"2","hash":"${"0".repeat(64)}"}\n`),
      /broken chain/,
    ],
    [
      "behind a record whose hash begins before its first digit",
      () => fs.appendFileSync(FILE, `{"seq":2,"hash":"x${"0".repeat(64)}"}\n`),
      /broken chain/,
    ],
    [
      "behind a record whose hash goes on",
      () => fs.appendFileSync(FILE, `{"seq":2,"hash":"${"0".repeat(64)}x"}\n`),
      /broken chain/,
    ],
    [
      "where there is one line, as long as what is looked at",
      () => fs.writeFileSync(FILE, "x".repeat(65_536)),
      /JSON|broken chain/,
    ],
    [
      "behind a line longer than any",
      () => fs.appendFileSync(FILE, "x".repeat(70_000)),
      /JSON|broken chain/,
    ],
  ])("%s", (_, arrange, reason) => {
    add(false);
    arrange();
    const before = fs.statSync(FILE).size;
    expect(() => add(false)).toThrow(reason);
    expect(fs.statSync(FILE).size).toBe(before);
  });

  test("on a disk that is nearly full, but the end of what has begun", () => {
    add(false, { phase: "begin", requestId: "a" });
    // The folder is on a file system of 8 MiB of its own.
    const { bavail, bsize } = fs.statfsSync("/var/log");
    fs.writeFileSync("/var/log/filler", Buffer.alloc(bavail * bsize - 2 ** 20 + bsize));
    try {
      expect(() => add(false)).toThrow("disk full");
      add(false, { phase: "end", requestId: "a", result: END });
      expect(lastOf()).toMatchObject({ seq: 2, phase: "end", result: END });
      fs.truncateSync("/var/log/filler", 1024);
      add(false);
    } finally {
      fs.rmSync("/var/log/filler");
    }
  });
});

describe("a caller's own records", () => {
  test("are its own, without reasons, and the head is that of the whole log", () => {
    add(false, { requestId: "mine" });
    process.env["SUDO_UID"] = "1001";
    add(false, { requestId: "theirs" });
    process.env["SUDO_UID"] = "1000";
    add(false, { phase: "end", requestId: "mine too", result: END });
    const { hash } = lastOf();
    const [first, second] = lines().map((line) => JSON.parse(line) as { time: string });
    const { kind, records, head } = ownRecords();
    expect([kind, head]).toEqual(["audit", { seq: 3, hash }]);
    expect(records).toEqual([
      {
        seq: 1,
        time: first?.time,
        requestId: "mine",
        phase: "refused",
        argv: ["service", "stop", "ssh"],
        decision: "grant_required",
        result: null,
      },
      expect.objectContaining({ seq: 3, requestId: "mine too", result: END }),
    ]);
    process.env["SUDO_UID"] = "1001";
    expect(ownRecords().records).toMatchObject([{ seq: 2, time: second?.time }]);
  });

  test("are at most 200 of the last 256 KiB, and never half a record", () => {
    for (let count = 0; count < 230; count += 1) add(false);
    expect(ownRecords().records.map(({ seq }) => seq)).toEqual(
      Array.from({ length: 200 }, (_, at) => at + 31),
    );
    const rule = "\u0001".repeat(1000);
    for (let count = 0; count < 60; count += 1) add(false, { rule });
    expect(fs.statSync(FILE).size).toBeGreaterThan(2 ** 18);
    const { records } = ownRecords();
    expect(records.at(-1)?.seq).toBe(290);
    expect(records.length).toBeLessThan(200);
  });

  test("are none where there is no log", () => {
    expect(ownRecords()).toEqual({
      kind: "audit",
      records: [],
      head: { seq: 0, hash: "0".repeat(64) },
    });
  });
});

test.each([
  [
    { SUDO_UID: "1000", SUDO_USER: "a" },
    { uid: 1000, user: "a", via: "sudo" },
  ],
  [{ SUDO_UID: "1000" }, { uid: 1000, user: null, via: "sudo" }],
  [
    { SUDO_UID: "1000", SALLYPORT_PEER: "1-2-3" },
    { uid: 1000, user: null, via: "sudo" },
  ],
  [{ SUDO_UID: "" }, { uid: null, user: null, via: "sudo" }],
  [{ SUDO_UID: "-1" }, { uid: null, user: null, via: "sudo" }],
  [{ SUDO_UID: "1e3" }, { uid: null, user: null, via: "sudo" }],
  [{ SUDO_UID: "10 " }, { uid: null, user: null, via: "sudo" }],
  [{ SUDO_UID: "12345678901" }, { uid: null, user: null, via: "sudo" }],
  [
    { SUDO_UID: "1", SUDO_USER: "x".repeat(300) },
    { uid: 1, user: "x".repeat(256), via: "sudo" },
  ],
  [{ SALLYPORT_PEER: "12-345-1001" }, { uid: 1001, user: null, via: "socket" }],
  [{ SALLYPORT_PEER: "12-345-unknown" }, { uid: null, user: null, via: "socket" }],
  [{ SALLYPORT_PEER: "1001" }, { uid: null, user: null, via: "socket" }],
  [{ SALLYPORT_PEER: "" }, { uid: null, user: null, via: "socket" }],
  [{ SALLYPORT_PEER: "x1-2-3" }, { uid: null, user: null, via: "socket" }],
  [{ SALLYPORT_PEER: "1-2-3x" }, { uid: null, user: null, via: "socket" }],
  [{ SALLYPORT_PEER: "1-2-3\n" }, { uid: null, user: null, via: "socket" }],
  [{}, { uid: 0, user: null, via: "direct" }],
])("of %j the caller is %j", (variables, expected) => {
  for (const name of ["SUDO_UID", "SUDO_USER", "SALLYPORT_PEER"]) delete process.env[name];
  Object.assign(process.env, variables);
  expect(caller()).toEqual(expected);
});
