/** One JSON string a line in, one object a line out, whatever comes. */
import { beforeAll, expect, test } from "vitest";
import { openRisk, type RiskJudge } from "../../../agent/risk/open.ts";
import type { Risk } from "../../../agent/risk/level.ts";
import { judgeLines } from "../../../agent/risk/stream.ts";

let judge: RiskJudge;
beforeAll(async () => {
  judge = await openRisk();
});

/** As it would come from a pipe. */
async function* chunks(parts: readonly (Buffer | string)[]) {
  for (const part of parts) yield await Promise.resolve(part);
}

async function answers(
  ...parts: (Buffer | string)[]
): Promise<{ risks: Risk[]; malformed: number }> {
  const count = { malformed: 0 };
  let text = "";
  for await (const out of judgeLines(chunks(parts), judge, count)) text += out;
  const risks = text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Risk);
  return { risks, ...count };
}

test.each([
  ["no JSON", "rm -rf /\n"],
  ["a number", "7\n"],
  ["an object", '{"command":"ls"}\n'],
  ["half a string", '"ls\n'],
  ["an empty line", "\n"],
])("%s is answered as dangerous, and counted", async (_, line) => {
  const { risks, malformed } = await answers(`${line}"ls"\n`);
  expect(risks.map(({ level }) => level)).toEqual(["CRITICAL", "SAFE"]);
  expect(risks[0]?.reasons[0]?.rule).toBe("input.malformed");
  expect(malformed).toBe(1);
});

test("a line without end is answered once and not kept", async () => {
  const { risks } = await answers(
    '"ls"\n',
    ...Array.from({ length: 40 }, () => "x".repeat(100_000)),
    '\n"ls"\n',
  );
  expect(risks.map(({ level }) => level)).toEqual(["SAFE", "CRITICAL", "SAFE"]);
  expect(risks[1]?.reasons[0]?.rule).toBe("syntax.too-long");
});

test("answers come in order and have this shape, however the input is cut", async () => {
  const bytes = Buffer.from(`${JSON.stringify("cat 你好.txt")}\n"rm x"\n"ls`);
  const { risks, malformed } = await answers(...Array.from(bytes, (byte) => Buffer.of(byte)), '"');
  expect(risks.map(({ level }) => level)).toEqual(["SAFE", "CRITICAL", "SAFE"]);
  expect(malformed).toBe(0);
  expect(risks[1]).toEqual({
    level: "CRITICAL",
    axes: {
      privileged: false,
      destructive: true,
      network: false,
      persistence: false,
      exfiltration: false,
    },
    reasons: [
      { rule: "files.delete", span: [0, 4], text: expect.stringMatching(/^deletes files/) },
    ],
  });
});
