import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { operationRuling } from "../../../agent/grants/explain-policy.ts";
import { parseSettled } from "../../../agent/grants/settings.ts";
import type { Verdict } from "../../../protocol/operation.ts";

const folder = mkdtempSync("/run/sallyport-policy-");
afterAll(() => rmSync(folder, { recursive: true }));
const NARROWING = join(folder, "policy.json");
const TEXT = '{\n  "service stop nginx": "deny",\n  "package update": "guard"\n}\n';
writeFileSync(NARROWING, TEXT, { mode: 0o644 });

const verdicts: Record<string, Verdict> = {
  "service restart nginx": "allow",
  "service stop nginx": "deny",
  "service stop ssh": "guard",
  "package update": "guard",
};
const SETTINGS = `guarded:
  service stop ssh: never
  package update: allowed
  service restart nginx: never
`;
const at = (line: number, file = NARROWING) => ({ kind: "line", file, line });
const compiled = { kind: "compiled_in" };

test.each([
  ["service restart nginx", "allowed", compiled],
  ["service stop nginx", "never", at(2)],
  ["service stop ssh", "never", at(2, "f")],
  ["package update", "ask", at(3)],
  ["service stop postgresql", "never", compiled],
  ["constructor", "never", compiled],
])("%s: %s, and the line that says so", (wish, verdict, decidedBy) => {
  const ruling = operationRuling(wish, { verdicts }, parseSettled(SETTINGS, "f"), NARROWING);
  expect(ruling).toMatchObject({ verdict, decidedBy });
});

test("unusable settings deny what the helper would let a person grant", () => {
  const settled = parseSettled("guarded: perhaps", "f");
  const { verdict, decidedBy } = operationRuling("service stop ssh", { verdicts }, settled);
  expect(verdict).toBe("never");
  expect(decidedBy).toMatchObject({ kind: "unusable" });
});

test("no line is told from a file that others write: the helper does not obey it either", () => {
  chmodSync(NARROWING, 0o666);
  const settled = parseSettled("", "f");
  const ruling = operationRuling("service stop nginx", { verdicts }, settled, NARROWING);
  expect(ruling.decidedBy).toEqual(compiled);
});
