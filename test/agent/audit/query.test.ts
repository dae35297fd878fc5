import { expect, test } from "vitest";
import { meaningOf } from "../../../agent/audit/meaning.ts";
import { matcher, momentOf, type Query } from "../../../agent/audit/query.ts";
import { readRecord, type AuditRecord } from "../../../agent/audit/record.ts";
import { chain, type Fields } from "./chain.ts";

const GRANT = "0123456789abcdef0123456789abcdef";
const [CAST, RUN] = ["a".repeat(64), "2026-07-22-x1"];
const root = { uid: 0, user: null, via: "direct" };
const stop = ["service", "stop", "ssh"];
const end = { code: null, exitCode: 0, timedOut: false, durationMs: 5 };

const RECORDS: Fields[] = [
  {
    requestId: "w",
    phase: "note",
    decision: "pending",
    argv: ["grant", "request", "service stop ssh", "please"],
    rule: `grant ${GRANT}: service stop ssh`,
  },
  {
    requestId: "d",
    phase: "note",
    decision: "reported",
    argv: ["report", "x"],
    rule: `grant ${GRANT} granted by uid 1000 for uid 1001, 1 use in 3600 s: by uid 7`,
    ...root,
  },
  {
    requestId: "u",
    phase: "note",
    decision: "used",
    argv: stop,
    rule: `grant ${GRANT} by uid 1000: it is late`,
  },
  { requestId: "u", phase: "begin", argv: stop, rule: "service stop ssh" },
  { requestId: "u", phase: "end", argv: stop, rule: "service stop ssh", result: end },
  {
    requestId: "n",
    phase: "refused",
    decision: "not_allowed",
    argv: ["service", "stop", "nginx"],
    uid: 1002,
    user: "other",
  },
  {
    requestId: "c",
    phase: "note",
    decision: "reported",
    argv: ["report", "y"],
    rule: `workflow ${RUN} step a attempt 1 cast ${CAST}`,
  },
  // What an agent says of itself is no decision, whatever it says.
  {
    requestId: "f",
    phase: "note",
    decision: "reported",
    argv: ["report", "z"],
    rule: `grant ${GRANT} granted by uid 0 for uid 1001`,
  },
  {
    requestId: "g",
    phase: "note",
    decision: "pending",
    argv: ["grant", "request", "{}", "z"],
    rule: `grant ${"f".repeat(32)}: by uid 1000: grant ${GRANT}`,
  },
  {
    requestId: "h",
    phase: "refused",
    decision: "not_allowed",
    argv: ["service", "stop", `grant ${GRANT}`],
    rule: `grant ${GRANT} by uid 1000: x`,
  },
];
const LOG: AuditRecord[] = chain(RECORDS).map((line) => {
  const read = readRecord(Buffer.from(line));
  if ("flaw" in read) throw new Error(read.flaw);
  return read.record;
});

const EVERYTHING: Query = {
  since: null,
  until: null,
  user: null,
  operation: null,
  decision: null,
  request: null,
  grant: null,
  run: null,
  elevated: false,
};
const START = Date.UTC(2026, 6, 22);
const ROWS: [string, Partial<Query>, number[]][] = [
  ["everything", {}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
  ["a grant, from the wish to what used it", { grant: GRANT }, [1, 2, 3, 4, 5]],
  ["what was elevated", { elevated: true }, [3, 7]],
  ["a run", { run: RUN }, [7]],
  ["a user by name", { user: "other" }, [6]],
  ["a user by number", { user: "0" }, [2]],
  ["a user by part of a number", { user: "100" }, []],
  ["an operation", { operation: stop }, [3, 4, 5]],
  ["operations that begin so", { operation: ["service", "stop"] }, [3, 4, 5, 6, 10]],
  ["half a word", { operation: ["serv"] }, []],
  ["a decision", { decision: "not_allowed" }, [6, 10]],
  ["a request", { request: "u" }, [3, 4, 5]],
  ["from then on", { since: START + 9000 }, [9, 10]],
  ["before then", { until: START + 3000 }, [1, 2]],
  [
    "all of it at once",
    { user: "agent", operation: stop, grant: GRANT, since: START + 4000 },
    [4, 5],
  ],
];
test.each(ROWS)("%s", (_, asked, found) => {
  const fits = matcher({ ...EVERYTHING, ...asked });
  expect(LOG.filter((record) => fits(record)).map(({ seq }) => seq)).toEqual(found);
});

test("whose grant it was is said by the helper, never by who asks", () => {
  expect(LOG.map((record) => meaningOf(record).person)).toEqual([
    null,
    1000,
    1000,
    null,
    null,
    null,
    null,
    null,
    null,
    null,
  ]);
});

test.each([
  ["2026-07-22", START],
  ["2026-07-22T10:00Z", START + 36_000_000],
  ["2026-07-22T10:00:01.5+02:00", START + 28_801_500],
  ["90m", 1_000_000_000 - 5_400_000],
  ["2w", 1_000_000_000 - 1_209_600_000],
  ["yesterday", null],
  ["2026-13-40", null],
  ["1", null],
  ["-1h", null],
  ["", null],
])("%j is the moment %s", (text, at) => {
  expect(momentOf(text, 1_000_000_000)).toBe(at);
});
