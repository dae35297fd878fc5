/** How a bootstrap tells of its hosts: rows on a terminal, a line or an event for each, or nothing until its end. */
import { endText } from "./bootstrap-words.ts";
import { liveDisplay, type Display } from "./live-display.ts";

/** `json`: one object at the end; `jsonl`: events. */
export function displayFor(
  names: readonly string[],
  { json, jsonl }: { json: boolean; jsonl: boolean },
): Display {
  const say = (text: string): void => void process.stderr.write(text);
  const silent = { phase: (): void => {}, end: (): void => {}, say, close: (): void => {} };
  const event = (fields: object): void =>
    void process.stdout.write(`${JSON.stringify({ v: 1, ...fields })}\n`);
  if (jsonl) {
    return {
      ...silent,
      phase: (name, phase) => event({ event: "phase", name, phase }),
      end: (end) => event({ event: "end", ...end }),
    };
  }
  if (json) return silent;
  const { stdout, env } = process;
  if (stdout.isTTY && env["TERM"] !== "dumb")
    return liveDisplay(names, stdout, (env["NO_COLOR"] ?? "") === "");
  const width = Math.max(...names.map((name) => name.length));
  return { ...silent, end: (end) => void stdout.write(endText(end, width)) };
}
