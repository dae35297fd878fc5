import { expect, test } from "vitest";
import { verifyChain, type ChainReport } from "../../../agent/audit/verify.ts";
import { chain, sealedText, textOf, type Fields } from "./chain.ts";

/** What differs from record to record; the rest is filled in. */
const WISHES: Fields[] = [
  { requestId: "a", phase: "begin" },
  { requestId: "b", phase: "refused", decision: "not_allowed" },
  {
    requestId: "a",
    phase: "end",
    result: { code: null, exitCode: 0, timedOut: false, durationMs: 12 },
  },
  { requestId: "c", phase: "begin", argv: ["service", "status", 'é\u2028\u202e"\\'] },
  {
    requestId: "c",
    phase: "end",
    result: { code: "failed", exitCode: 3, timedOut: false, durationMs: 5 },
  },
];

function verify(log: string[] | Buffer, chunkBytes = 7): Promise<ChainReport> {
  const bytes = Buffer.isBuffer(log) ? log : textOf(log);
  return verifyChain(
    (async function* () {
      for (let at = 0; at < bytes.length; at += chunkBytes)
        yield bytes.subarray(at, at + chunkBytes);
    })(),
  );
}

const LOG = chain(WISHES);

/** The second line of the log, resealed after a change of its text. */
function reseal(change: (text: string) => string): string[] {
  const [first = "", second = "", ...rest] = LOG;
  const text = change(second.replace(/,"hash":"[0-9a-f]{64}"\}$/, "}"));
  return [first, sealedText(text).line, ...rest];
}

const BROKEN: [string, string[], number][] = [
  ["an edited field", LOG.with(1, (LOG[1] ?? "").replace("agent", "other")), 2],
  ["an edited field whose hash was made anew", reseal((text) => text.replace("agent", "other")), 3],
  ["an edited hash", LOG.with(1, (LOG[1] ?? "").replace(/.{3}$/, '0"}')), 2],
  ["the first record taken out", LOG.slice(1), 1],
  ["a record taken out", LOG.toSpliced(1, 1), 2],
  ["a record put in twice", LOG.toSpliced(1, 0, LOG[1] ?? ""), 3],
  ["two records exchanged", [LOG[1] ?? "", LOG[0] ?? "", ...LOG.slice(2)], 1],
  [
    "a foreign first record",
    chain(WISHES, (r, seq) => (seq === 1 ? { ...r, prev: "1".repeat(64) } : r)),
    1,
  ],
  [
    "a gap in seq under right hashes",
    chain(WISHES, (r, seq) => (seq > 2 ? { ...r, seq: seq + 1 } : r)),
    3,
  ],
  ["a duplicate key", reseal((text) => text.replace('"uid":1000', '"uid":1000,"uid":1000')), 2],
  [
    "a duplicate key of another value",
    reseal((text) => text.replace('"uid":1000', '"uid":0,"uid":1000')),
    2,
  ],
  ["white space", reseal((text) => text.replace('"uid":1000', '"uid": 1000')), 2],
  ["a space at the end of the line", LOG.with(1, `${LOG[1]} `), 2],
  ["a number written otherwise", reseal((text) => text.replace('"uid":1000', '"uid":1e3')), 2],
  ["a letter written otherwise", reseal((text) => text.replace("agent", "\\u0061gent")), 2],
  [
    "keys in another order",
    reseal((text) => text.replace('"uid":1000,"user":"agent"', '"user":"agent","uid":1000')),
    2,
  ],
  ["an unknown key", reseal((text) => text.replace('"via"', '"extra":1,"via"')), 2],
  ["__proto__ as a key", reseal((text) => text.replace('"via"', '"__proto__":{},"via"')), 2],
  ["a missing key", reseal((text) => text.replace('"uid":1000,', "")), 2],
  ["an unknown phase", reseal((text) => text.replace('"refused"', '"maybe"')), 2],
  ["another version", reseal((text) => text.replace('{"v":1', '{"v":2')), 2],
  ["a time without milliseconds", reseal((text) => text.replace(".000Z", "Z")), 2],
  ["an empty line", LOG.toSpliced(1, 0, ""), 2],
  ["a line that is no JSON", LOG.with(1, "x"), 2],
  ["a byte order mark", LOG.with(0, `\ufeff${LOG[0]}`), 1],
  ["CRLF", LOG.with(0, `${LOG[0]}\r`), 1],
  ["a line longer than any record", LOG.toSpliced(1, 0, "x".repeat(200_000)), 2],
  ["an end without its beginning", chain([{ requestId: "a", phase: "end" }]), 1],
  ["a request that begins twice", chain([WISHES[0] ?? {}, WISHES[0] ?? {}]), 2],
];

test.each(BROKEN)("%s breaks the chain", async (_, log, line) => {
  const report = await verify(log, 65_536);
  expect(report.intact).toBe(false);
  expect(report.problems[0]?.line).toBe(line);
});

test("invalid UTF-8 breaks the chain, even under a right hash", async () => {
  const text = textOf(LOG).toString("latin1").replace("agent", "age\xff\xfe");
  expect(await verify(Buffer.from(text, "latin1"))).toMatchObject({ intact: false });
});

test("any one changed byte breaks the chain", async () => {
  const bytes = textOf(LOG);
  const unnoticed: number[] = [];
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 0x01;
    if ((await verify(changed, 65_536)).intact) unnoticed.push(at);
  }
  expect(unnoticed).toEqual([]);
});

test("a torn last line is reported apart from problems", async () => {
  const report = await verify(textOf(LOG).subarray(0, -10));
  expect(report).toMatchObject({ intact: false, problemCount: 0, records: 4 });
  expect(report.incompleteBytes).toBeGreaterThan(0);
});

test("a million problems are counted, and the first twenty shown", async () => {
  const report = await verify(
    Array.from({ length: 5000 }, () => "x"),
    65_536,
  );
  expect(report.problemCount).toBe(5000);
  expect(report.problems).toHaveLength(20);
});

test("a whole log is intact, however it arrives", async () => {
  for (const chunkBytes of [1, 7, 64, 65_536]) {
    expect(await verify(LOG, chunkBytes)).toMatchObject({
      intact: true,
      records: 5,
      problems: [],
      warnings: [],
      interrupted: [],
      last: { seq: 5 },
    });
  }
});

test("an empty log is intact, and has no last record", async () => {
  expect(await verify([])).toMatchObject({ intact: true, records: 0, last: null });
});

test("time that runs backwards within a boot is a warning", async () => {
  const log = chain(WISHES, (r, seq) =>
    seq === 2 ? { ...r, time: "2020-01-01T00:00:00.000Z" } : r,
  );
  const report = await verify(log);
  expect(report.intact).toBe(true);
  expect(report.warnings.map(({ line }) => line)).toEqual([2]);
});

test("time may run backwards over a boot: the clock was not yet set", async () => {
  const log = chain([WISHES[1] ?? {}, WISHES[1] ?? {}], (r, seq) =>
    seq === 2 ? { ...r, time: "2020-01-01T00:00:00.000Z", boot: "another" } : r,
  );
  expect((await verify(log)).warnings).toEqual([]);
});

test("a beginning without an end is listed, and no problem", async () => {
  const report = await verify(LOG.slice(0, 2));
  expect(report).toMatchObject({ intact: true, interruptedCount: 1 });
  expect(report.interrupted[0]?.line).toBe(1);
});

test("an end in another boot than its beginning is no end", async () => {
  const log = chain([WISHES[0] ?? {}, WISHES[2] ?? {}], (r, seq) =>
    seq === 2 ? { ...r, boot: "another" } : r,
  );
  expect(await verify(log)).toMatchObject({ intact: false, interruptedCount: 1 });
});

test("a line that a helper mended is counted", async () => {
  expect(await verify(chain([{ torn: 17 }]))).toMatchObject({ intact: true, mended: 1 });
});

const GRANT = "0123456789abcdef0123456789abcdef";
const DIRECT: Fields = { phase: "note", decision: "reported", uid: 0, user: null, via: "direct" };
const granted = (uses: number): Fields => ({
  ...DIRECT,
  rule: `grant ${GRANT} granted by uid 1002 for uid 1000, ${uses} uses in 3600 s: go on`,
});
const USED: Fields = { phase: "note", decision: "used", rule: `grant ${GRANT} by uid 1002: go on` };

test.each<[string, Fields[], number[]]>([
  ["as often as a person said", [granted(2), USED, USED], []],
  ["once more than a person said", [granted(1), USED, USED], [3]],
  ["that nobody granted", [USED], [1]],
  ["of another user's", [granted(1), { ...USED, uid: 1003 }], [2]],
  [
    "that was taken back",
    [granted(1), { ...granted(0), rule: `grant ${GRANT} revoked by uid 1002 for uid 1000` }, USED],
    [3],
  ],
  ["that its own user reports as granted", [{ ...granted(1), uid: 1000, via: "sudo" }, USED], [2]],
  ["that somebody reports through the socket", [{ ...granted(1), via: "socket" }, USED], [2]],
])("a use of a grant %s", async (_name, wishes, lines) => {
  const { intact, warnings } = await verify(chain(wishes));
  expect(intact).toBe(true);
  expect(warnings).toEqual(
    lines.map((line) => ({
      line,
      text: "a grant is used that no person's decision on record allows",
    })),
  );
});

test("a record of tomorrow is a warning: the clock was set forward, and back", async () => {
  const time = new Date(Date.now() + 86_400_000).toISOString();
  const log = chain(WISHES, (r, seq) => (seq === 5 ? { ...r, time } : r));
  const report = await verify(log);
  expect(report.intact).toBe(true);
  expect(report.warnings).toEqual([
    { line: 5, text: `${time} has not come yet: the clock was ahead, or this one is behind` },
  ]);
});
