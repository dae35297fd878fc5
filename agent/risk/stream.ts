/** Commands as a stream: one JSON string a line in, one JSON object a line out, in order. */
import { StringDecoder } from "node:string_decoder";
import type { RiskJudge } from "./open.ts";
import { noAxes, type Risk } from "./level.ts";

/** UTF-16 units of a line that are kept: more than any command that is read, escaped as JSON. */
const LONGEST_LINE = 1 << 20;

const MALFORMED: Risk = {
  level: "CRITICAL",
  axes: noAxes(),
  reasons: [
    { rule: "input.malformed", span: [0, 0], text: "not a JSON string on a line of its own" },
  ],
};
const TOO_LONG: Risk = {
  level: "CRITICAL",
  axes: noAxes(),
  reasons: [
    {
      rule: "syntax.too-long",
      span: [0, 0],
      text: "longer than anybody would read, so nothing says that it is harmless",
    },
  ],
};

/** Yields text to be written for each chunk read. `malformed` afterwards: how many lines were no JSON string. */
export async function* judgeLines(
  input: AsyncIterable<Buffer | string>,
  judge: RiskJudge,
  count: { malformed: number },
): AsyncGenerator<string> {
  const decoder = new StringDecoder("utf8");
  let [rest, dropping] = ["", false];
  const answer = (line: string): string => {
    const risk = dropping || line.length > LONGEST_LINE ? TOO_LONG : riskOfLine(line, judge);
    if (risk === MALFORMED) count.malformed += 1;
    dropping = false;
    return `${JSON.stringify(risk)}\n`;
  };
  for await (const chunk of input) {
    const lines = (typeof chunk === "string" ? chunk : decoder.write(chunk)).split("\n");
    lines[0] = rest + (lines[0] ?? "");
    rest = lines.pop() ?? "";
    const out = lines.map(answer).join("");
    if (rest.length > LONGEST_LINE) {
      rest = "";
      dropping = true;
    }
    if (out !== "") yield out;
  }
  rest += decoder.end();
  if (rest !== "" || dropping) yield answer(rest);
}

function riskOfLine(line: string, judge: RiskJudge): Risk {
  try {
    const command: unknown = JSON.parse(line);
    return typeof command === "string" ? judge.riskOf(command) : MALFORMED;
  } catch {
    return MALFORMED;
  }
}
