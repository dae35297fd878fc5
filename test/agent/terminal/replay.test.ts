import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { replay, type Replayed } from "../../../agent/terminal/replay.ts";

const folder = mkdtempSync(join(tmpdir(), "sallyport-replay-"));
afterAll(() => rmSync(folder, { recursive: true }));

const HEADER = '{"version":3,"term":{"cols":80,"rows":24},"timestamp":1}';

async function played(lines: string[], signal = new AbortController().signal) {
  const file = join(folder, "x.cast");
  writeFileSync(file, lines.map((line) => `${line}\n`).join(""));
  let text = "";
  const write = (piece: string): void => void (text += piece);
  const ended = await replay(file, { speed: Infinity, idleLimit: Infinity, signal, write });
  return { ended, text };
}

const MALFORMED: [name: string, lines: string[], line: number][] = [
  ["nothing at all", [], 1],
  ["a recording of version 2", ['{"version":2,"width":80,"height":24}'], 1],
  ["a header that is no JSON", ["hello"], 1],
  ["an event that is no JSON", [HEADER, '[0.1,"o","x"]', "[0.1,"], 3],
  ["an event that goes back in time", [HEADER, '[-1,"o","x"]'], 2],
  ["an event without data", [HEADER, '[1,"o"]'], 2],
];
test.each(MALFORMED)("%s is malformed", async (_, lines, line) => {
  expect((await played(lines)).ended).toEqual({ kind: "malformed", line } satisfies Replayed);
});

test("a recording that was not finished has no status", async () => {
  const { ended, text } = await played([HEADER, '[0.1,"o","a\\r\\n"]']);
  expect({ ended, text }).toEqual({ ended: { kind: "played", status: null }, text: "a\r\n" });
});

const HARMFUL: [name: string, sequence: string, shown: string][] = [
  ["fills the clipboard", "\u001b]52;c;cm0gLXJm\u0007", "\\u{1b}]52;c;cm0gLXJm\\u{7}"],
  ["sets the title", "\u001b]0;root\u0007", "\\u{1b}]0;root\\u{7}"],
  ["asks the terminal for an answer", "\u001b[6n", "\\u{1b}[6n"],
  ["speaks to the terminal's program", "\u001bP+q\u001b\\", "\\u{1b}P+q\\u{1b}\\"],
  ["is a control of eight bits", "\u009b6n", "\\u{9b}6n"],
  ["turns text around", "\u202egpj", "\\u{202e}gpj"],
];
test.each(HARMFUL)("what %s is shown, not done", async (_, sequence, shown) => {
  expect((await played([HEADER, JSON.stringify([0, "o", sequence])])).text).toBe(shown);
});

test("colours and moves are played, also where a sequence is in two events", async () => {
  const { text } = await played([
    HEADER,
    ...["\u001b[1;31mred\u001b", "[0m \u001b[2", "Kx\r\n"].map((data) =>
      JSON.stringify([0, "o", data]),
    ),
    "# a comment",
    '[0,"i","typed"]',
    '[0,"x","3"]',
  ]);
  expect(text).toBe("\u001b[1;31mred\u001b[0m \u001b[2Kx\r\n");
});

test("it stops when nobody wants it any more", async () => {
  const stop = new AbortController();
  const file = join(folder, "long.cast");
  writeFileSync(file, `${HEADER}\n[0,"o","a"]\n[1000,"o","b"]\n`);
  const ended = await replay(file, {
    speed: 1,
    idleLimit: Infinity,
    signal: stop.signal,
    write: () => stop.abort(),
  });
  expect(ended).toEqual({ kind: "stopped" });
});

test("a silence is no longer than its limit, and shorter at speed", async () => {
  const file = join(folder, "idle.cast");
  writeFileSync(file, `${HEADER}\n[1000,"o","a"]\n[1000,"x","0"]\n`);
  const options = {
    speed: 10,
    idleLimit: 0.05,
    signal: new AbortController().signal,
    write: () => {},
  };
  expect(await replay(file, options)).toEqual({ kind: "played", status: 0 });
});
