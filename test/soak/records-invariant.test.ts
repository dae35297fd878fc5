/** What counts as an answer that is on record. */
import { expect, test } from "vitest";
import type { Entry } from "./audit-log.ts";
import { claimFlaws } from "./records-invariant.ts";
import type { Claim } from "./story.ts";

const CLAIM: Claim = {
  host: "h1",
  id: "1-2",
  words: ["service", "reload", "nginx"],
  code: null,
  from: 100,
  to: 200,
};
const entry = (phase: string, code?: string | null): Entry =>
  ({ requestId: "1-2", phase, ...(code === undefined ? {} : { result: { code } }) }) as Entry;
const MISSING = ["1-2 service reload nginx was answered ok, on record: begin"];

test.each<[string, Entry[], string[]]>([
  ["its end is on record", [entry("begin"), entry("end", null)], []],
  ["it has no end", [entry("begin")], MISSING],
  [
    "its end is another",
    [entry("begin"), entry("end", "failed")],
    ["1-2 service reload nginx was answered ok, on record: begin, end failed"],
  ],
  ["it is not there", [], ["1-2 service reload nginx was answered ok, on record: "]],
])("%s", (_, entries, flaws) => {
  expect(claimFlaws(entries, [CLAIM], [])).toEqual(flaws);
});

test.each<[string, number, number, string[]]>([
  ["before it was asked", 10, 99, MISSING],
  ["as it was answered", 150, 300, []],
  ["after its answer", 201, 300, MISSING],
])("without an end where no byte was left %s", (_, from, to, flaws) => {
  expect(claimFlaws([entry("begin")], [CLAIM], [{ host: "h1", from, to }])).toEqual(flaws);
});

test("a full disk excuses neither another end nor that nothing is there", () => {
  const full = [{ host: "h1", from: 150, to: 300 }];
  expect(claimFlaws([entry("begin"), entry("end", "failed")], [CLAIM], full)).toHaveLength(1);
  expect(claimFlaws([], [CLAIM], full)).toHaveLength(1);
});
