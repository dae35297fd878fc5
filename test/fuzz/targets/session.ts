/** Bytes on the standard input of a session: one answer for each line, and no request that the line does not hold. */
import assert from "node:assert/strict";
import { Readable } from "node:stream";
import * as fc from "fast-check";
import { parseDocument } from "yaml";
import { argvOf, parseRequest } from "../../../agent/request.ts";
import { session, type Asked } from "../../../helper/session.ts";
import { edited, edits, oddText } from "../odd-text.ts";
import { target } from "../target.ts";

const LONGEST_LINE = 4096;
const WORDS = ["service", "restart", "nginx", "package", "update", "policy", "version", "session"];
const PIECES = ["{", "}", "[", "]", ",", ":", '"argv"', '"stream"', ":true", "\\u0061", "\n", " "];

/** A line as a client writes it, with or without mistakes. */
const line: fc.Arbitrary<string> = fc
  .record({
    argv: fc.array(oddText(WORDS), { maxLength: 5 }),
    stream: fc.option(fc.boolean(), { nil: undefined }),
    changes: fc.oneof(fc.constant([]), edits(PIECES)),
    padding: fc.oneof(
      { weight: 9, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.integer({ min: LONGEST_LINE - 100, max: LONGEST_LINE + 100 }) },
    ),
  })
  .map(({ argv, stream, changes, padding }) => {
    const text = JSON.stringify(stream === undefined ? { argv } : { argv, stream });
    return edited(text, changes) + " ".repeat(padding);
  });
const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));

export const sessionLines = target<{ lines: Buffer[]; cuts: number[] }>({
  input: fc.record({
    lines: fc.array(
      fc.oneof(
        { weight: 4, arbitrary: line.map((text) => Buffer.from(text)) },
        { weight: 1, arbitrary: bytes },
      ),
      { maxLength: 5 },
    ),
    cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }),
  }),
  async holds({ lines, cuts }) {
    const all = Buffer.concat(lines.flatMap((one) => [one, Buffer.from("\n")]));
    const written = splitAtLineFeeds(all);
    const asked = await throughSession(pieces(all, cuts), written.length);
    assert.equal(asked.length, written.length, "each line is answered once");
    for (const [at, bytesOf] of written.entries()) check(bytesOf, asked[at]);
  },
});

function splitAtLineFeeds(all: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let from = 0; from < all.length;) {
    const end = all.indexOf("\n", from);
    found.push(all.subarray(from, end));
    from = end + 1;
  }
  return found;
}

function pieces(all: Buffer, cuts: readonly number[]): Buffer[] {
  const at = cuts.map((part) => Math.floor(part * all.length)).toSorted((a, b) => a - b);
  return [0, ...at].map((from, index) => all.subarray(from, at[index] ?? all.length));
}

function check(bytesOf: Buffer, asked: Asked | undefined): void {
  assert(asked !== undefined);
  const text = bytesOf.toString();
  // What is no request comes out as words that are none, and is refused like them.
  const refused = asked.words[0] === "session" && !asked.stream && asked.words.length === 2;
  if (bytesOf.length > LONGEST_LINE) assert(refused, "a line that is too long was read");
  if (!refused) {
    const value = JSON.parse(text) as Record<string, unknown>;
    assert.deepEqual(value["argv"], asked.words);
    assert.deepEqual(value["stream"] ?? false, asked.stream);
    for (const key of Object.keys(value)) assert(["argv", "stream"].includes(key));
    // Another parser, which minds keys that stand twice.
    if (!/[\u007f-\uffff]/.test(text)) assert.deepEqual(parseDocument(text).errors, []);
  }
  const request = parseRequest(asked.words);
  for (const stream of [undefined, true] as const) {
    if (request === null) continue;
    const argv = argvOf(request);
    if (text === JSON.stringify(stream === undefined ? { argv } : { argv, stream }))
      assert.deepEqual(asked, { words: argv, stream: stream ?? false });
  }
}

type Open = { input: Readable; take: () => Promise<{ asked: Asked; id: string }> };
let open: Open | undefined;
let number = 0;

/** One session for all inputs, as in life: what one leaves behind the next one meets. */
async function throughSession(chunks: readonly Buffer[], count: number): Promise<Asked[]> {
  open ??= await begin();
  for (const chunk of chunks) if (chunk.length > 0) open.input.push(chunk);
  const found: Asked[] = [];
  while (found.length < count) {
    const { asked, id } = await open.take();
    number += 1;
    assert.equal(id, `fuzz.${number}`, "a request has the id of its line");
    found.push(asked);
  }
  return found;
}

async function begin(): Promise<Open> {
  const input = new Readable({ read() {} });
  Object.defineProperty(process, "stdin", { value: input, configurable: true });
  const held: { asked: Asked; id: string }[] = [];
  let wake = (): void => {};
  const take: Open["take"] = async () => {
    for (;;) {
      const next = held.shift();
      if (next !== undefined) return next;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  void session("fuzz", async (asked, id) => {
    held.push({ asked, id });
    wake();
    return 0;
  });
  const first = await take();
  assert.deepEqual(first, { asked: { words: ["version"], stream: false }, id: "fuzz.0" });
  return { input, take };
}
