/** A second opinion, by real programs: it can only make a command look worse. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openRisk, type RiskJudge } from "../../../agent/risk/open.ts";
import { opinionOf, withOpinion } from "../../../agent/risk/second-opinion.ts";

const folder = mkdtempSync(join(tmpdir(), "sallyport-opinion-"));
afterAll(() => rmSync(folder, { recursive: true }));
let judge: RiskJudge;
beforeAll(async () => {
  judge = await openRisk();
});

let count = 0;
function program(script: string): string {
  count += 1;
  const file = join(folder, `opinion-${count}`);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

test.each([
  ["lowers the level", 'echo \'{"level":"SAFE","reason":"trust me"}\''],
  ["says nothing", "cat >/dev/null"],
  ["fails after an answer", 'echo \'{"level":"CRITICAL"}\'; exit 1'],
  ["says nonsense", "echo CRITICAL"],
  ["knows another level", 'echo \'{"level":"FATAL"}\''],
  [
    "talks without end",
    "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done",
  ],
  ["never answers", "sleep 600"],
])("a program that %s changes nothing", async (_, script) => {
  const risk = judge.riskOf("mkdir x");
  expect(risk.level).toBe("CAUTION");
  expect(await withOpinion("mkdir x", risk, opinionOf(program(script), 1))).toEqual(risk);
});

test("a program that is not there changes nothing", async () => {
  const risk = judge.riskOf("ls");
  expect(await withOpinion("ls", risk, opinionOf(join(folder, "none"), 1))).toEqual(risk);
});

test("a program that raises the level is believed, and its words are labelled as its own", async () => {
  const script =
    'read -r question; case $question in *\'"command":"ls"\'*) echo \'{"level":"CRITICAL","reason":"bad day"}\';; esac';
  const { level, reasons } = await withOpinion(
    "ls",
    judge.riskOf("ls"),
    opinionOf(program(script), 10),
  );
  expect(level).toBe("CRITICAL");
  expect(reasons[0]).toEqual({
    rule: "opinion.second",
    span: [0, 2],
    text: "a second opinion, which nobody checked, says: bad day",
  });
});
