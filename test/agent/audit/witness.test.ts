/** What the signed checkpoints show that the chain alone does not: an end that was cut, a log that was written anew. */
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { isSignedBy, signed, type Checkpoint } from "../../../agent/audit/checkpoint.ts";
import { verifyWitnessed, type WitnessedReport } from "../../../agent/audit/witness.ts";
import { chain, textOf, type Fields } from "./chain.ts";

const pair = () => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return { private: privateKey, public: publicKey };
};
const [KEY, OTHER] = [pair(), pair()];
const folder = mkdtempSync(join(tmpdir(), "sallyport-checkpoints-"));
afterAll(() => rmSync(folder, { recursive: true }));
const FILE = join(folder, "checkpoints.jsonl");

const RECORDS: Fields[] = Array.from({ length: 20 }, (_, at) => ({ requestId: `r${at}` }));
const LOG = chain(RECORDS);
const hashOf = (log: readonly string[], seq: number): string =>
  (JSON.parse(log[seq - 1] ?? "") as { hash: string }).hash;

function checkpoint(seq: number, more: Partial<Checkpoint> = {}, key = KEY): Checkpoint {
  const facts = {
    v: 1,
    seq,
    hash: hashOf(LOG, seq),
    time: new Date(Date.UTC(2026, 6, 22) + seq * 60_000).toISOString(),
    boot: "6f1c7a7e-0000-4000-8000-000000000000",
    uptimeMs: seq * 60_000,
    ...more,
  } as const;
  return signed(facts, key);
}
const SIGNED = [5, 10, 15].map((seq) => checkpoint(seq));
const lines = (checkpoints: readonly Checkpoint[]): string =>
  checkpoints.map((one) => `${JSON.stringify(one)}\n`).join("");

async function witnessed(
  log: string[],
  checkpoints = lines(SIGNED),
  key: typeof KEY.public | null = KEY.public,
): Promise<WitnessedReport> {
  writeFileSync(FILE, checkpoints);
  return await verifyWitnessed(
    (async function* () {
      yield textOf(log);
    })(),
    FILE,
    key,
  );
}
const problemsOf = ({ checkpoints }: WitnessedReport): string[] =>
  checkpoints.problems.map(({ line, text }) => `${line}: ${text}`);

const ANEW = chain(RECORDS, (record, seq) => (seq === 3 ? { ...record, uid: 1002 } : record));
const cut = (seq: number, minutes: string, end: number): string =>
  `record ${seq} was there at 2026-07-22T00:${minutes}:00.000Z, and the log ends at record ${end}: it was cut`;

const FOUND: [string, string[], string[]][] = [
  ["its end cut off", LOG.slice(0, 12), [`3: ${cut(15, "15", 12)}`]],
  [
    "most of it cut off",
    LOG.slice(0, 4),
    [5, 10, 15].map((seq, at) => `${at + 1}: ${cut(seq, `${seq}`.padStart(2, "0"), 4)}`),
  ],
  [
    "all of it",
    [],
    [5, 10, 15].map((seq, at) => `${at + 1}: ${cut(seq, `${seq}`.padStart(2, "0"), 0)}`),
  ],
  [
    "it written anew, every hash right",
    ANEW,
    [5, 10, 15].map((seq, at) => `${at + 1}: record ${seq} is not the one that was signed`),
  ],
  [
    "it cut and gone on with",
    [...LOG.slice(0, 12), ...chain(RECORDS).slice(12, 13)],
    [`3: ${cut(15, "15", 13)}`],
  ],
];
test.each(FOUND)("%s is found", async (_, log, problems) => {
  const report = await witnessed(log);
  expect(report.chain.problemCount).toBe(0);
  expect(problemsOf(report)).toEqual(problems);
});

test("what was cut and grew again under other records is found", async () => {
  const regrown = chain(RECORDS, (record, seq) => (seq > 12 ? { ...record, uid: 1002 } : record));
  const report = await witnessed(regrown);
  expect(report.chain.intact).toBe(true);
  expect(problemsOf(report)).toEqual(["3: record 15 is not the one that was signed"]);
  expect(report.checkpoints.last).toMatchObject({ seq: 10 });
});

test("a whole log is whole at least to its last checkpoint", async () => {
  const report = await witnessed(LOG);
  expect(report.chain.intact).toBe(true);
  expect(report.checkpoints).toMatchObject({
    count: 3,
    problemCount: 0,
    warnings: [],
    signaturesChecked: true,
    last: { seq: 15, hash: hashOf(LOG, 15) },
  });
});

const last = SIGNED[2];
if (last === undefined) throw new Error("no checkpoint");
const FORGED: [string, Checkpoint][] = [
  ["another hash", { ...last, hash: hashOf(ANEW, 15) }],
  ["another seq", { ...last, seq: 12, hash: hashOf(LOG, 12) }],
  ["another time", { ...last, time: "2026-07-23T00:00:00.000Z" }],
  ["another boot", { ...last, boot: "another" }],
  ["another uptime", { ...last, uptimeMs: 1 }],
  ["another key's signature", checkpoint(15, {}, OTHER)],
  [
    "another key's signature under this one's name",
    { ...checkpoint(15, {}, OTHER), key: last.key },
  ],
  ["no signature", { ...last, signature: "" }],
  ["a signature of something else", { ...last, signature: SIGNED[1]?.signature ?? "" }],
];
test.each(FORGED)("a checkpoint with %s does not hold", async (_, forged) => {
  expect(isSignedBy(forged, KEY.public)).toBe(false);
  const report = await witnessed(LOG, lines([...SIGNED.slice(0, 2), forged]));
  expect(problemsOf(report)).toEqual(["3: its signature is not that of this key"]);
  expect(report.checkpoints.last).toMatchObject({ seq: 10 });
});

test.each([
  ["no JSON", "x\n", "1: not a line of JSON"],
  ["another key", `${JSON.stringify({ ...last, more: 1 })}\n`, "1: not a checkpoint"],
  ["an endless line", `${"x".repeat(200_000)}\n`, "1: longer than any checkpoint"],
  ["a negative seq", `${JSON.stringify({ ...last, seq: -1 })}\n`, "1: not a checkpoint"],
])("%s is no checkpoint", async (_, text, problem) => {
  expect(problemsOf(await witnessed(LOG, text))).toEqual([problem]);
});

test("a checkpoint that root was killed over is a warning, and no checkpoint", async () => {
  const { checkpoints } = await witnessed(LOG, lines(SIGNED).slice(0, -20));
  expect(checkpoints).toMatchObject({ count: 2, problemCount: 0, last: { seq: 10 } });
  expect(checkpoints.warnings[0]?.text).toMatch(/^an unfinished checkpoint of \d+ bytes$/);
});

test("without a key the chain is compared, and it is said that signatures were not", async () => {
  const { checkpoints } = await witnessed(LOG.slice(0, 12), lines(SIGNED), null);
  expect(checkpoints).toMatchObject({ signaturesChecked: false, problemCount: 1 });
});

test.each([
  ["forward", 3_600_000, "forward by about 3600 s"],
  ["back", -120_000, "back by about 120 s"],
])("a clock that was set %s between two checkpoints is seen", async (_, by, words) => {
  const time = new Date(Date.UTC(2026, 6, 22) + 15 * 60_000 + by).toISOString();
  const report = await witnessed(LOG, lines([...SIGNED.slice(0, 2), checkpoint(15, { time })]));
  expect(report.checkpoints.problemCount).toBe(0);
  expect(report.checkpoints.warnings).toEqual([
    {
      line: 3,
      text: `the clock was set ${words} since 2026-07-22T00:10:00.000Z`,
    },
  ]);
});

test("after a boot the clock may be another", async () => {
  const after = checkpoint(15, { boot: "another", uptimeMs: 1, time: "2026-07-22T09:00:00.000Z" });
  expect(
    (await witnessed(LOG, lines([...SIGNED.slice(0, 2), after]))).checkpoints.warnings,
  ).toEqual([]);
});
