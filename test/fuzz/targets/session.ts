/** Bytes on the standard input of a session: one answer for each line, and no request that the line does not hold. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build, type Plugin } from "esbuild";
import { StringDecoder } from "node:string_decoder";
import * as fc from "fast-check";
import { parseDocument } from "yaml";
import { argvOf, parseRequest } from "../../../agent/request.ts";
import { edited, edits, oddText } from "../odd-text.ts";
import { target } from "../target.ts";

/** What a line was read as. */
type Asked = { words: readonly string[]; stream: boolean };

const MAIN = resolve(import.meta.dirname, "../../../helper/main.ts");
const LONGEST_LINE = 65_536;
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
    try {
      const asked = await throughSession(pieces(all, cuts), written.length);
      assert.equal(asked.length, written.length, "each line is answered once");
      for (const [at, bytesOf] of written.entries()) check(bytesOf, asked[at]);
    } catch (error) {
      await open?.end();
      [open, number] = [undefined, 0]; // what comes next has a session of its own
      throw error;
    }
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

type Open = {
  send(bytes: Buffer): void;
  take: () => Promise<{ asked: Asked; id: string }>;
  end(): Promise<void>;
};
let open: Open | undefined;
let number = 0;

/** One session for all inputs, as in life: what one leaves behind the next one meets. */
async function throughSession(chunks: readonly Buffer[], count: number): Promise<Asked[]> {
  open ??= await begin();
  for (const chunk of chunks) if (chunk.length > 0) open.send(chunk);
  const found: Asked[] = [];
  while (found.length < count) {
    const { asked, id } = await open.take();
    number += 1;
    assert.equal(id, `fuzz.${number}`, "a request has the id of its line");
    found.push(asked);
  }
  return found;
}

/** The helper's own session, in a process that is not root: in the place of what acts it answers what it was asked. */
const ECHO = `export async function answer({ words, tell, requestId }) {
  return { reply: { words, stream: tell !== null, id: requestId }, status: 0 };
}`;

const echoing: Plugin = {
  name: "echo",
  setup(on) {
    on.onResolve({ filter: /\/answer\.ts$/ }, () => ({ path: "echo", namespace: "echo" }));
    on.onLoad({ filter: /./, namespace: "echo" }, () => ({ contents: ECHO }));
  },
};

/** Not by readline: U+2028 ends a line for it. */
async function* linesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder("utf8");
  let held = "";
  for await (const chunk of stream) {
    const parts = (held + decoder.write(chunk)).split("\n");
    held = parts.pop() ?? "";
    yield* parts;
  }
}

async function begin(): Promise<Open> {
  const folder = mkdtempSync(join(tmpdir(), "sallyport-fuzz-"));
  const outfile = join(folder, "session.cjs");
  await build({
    entryPoints: [MAIN],
    bundle: true,
    platform: "node",
    outfile,
    logLevel: "error",
    plugins: [echoing],
  });
  const env = { SALLYPORT_DETACHED: "0-0" };
  const child = spawn(process.execPath, [outfile, "session"], { env, stdio: ["pipe", "pipe", 2] });
  const ended = once(child, "exit").then(() => rmSync(folder, { recursive: true }));
  const { stdin, stdout } = child;
  assert(stdin !== null && stdout !== null);
  const replies = linesOf(stdout);
  const take: Open["take"] = async () => {
    const next = await replies.next();
    assert(next.done !== true, "the session ended");
    const { words, stream, id } = JSON.parse(next.value) as Asked & { id: string };
    return { asked: { words, stream }, id: id.replace(/^0-0\b/, "fuzz") };
  };
  const first = await take();
  assert.deepEqual(first, { asked: { words: ["version"], stream: false }, id: "fuzz.0" });
  const end: Open["end"] = async () => {
    stdin.end();
    await ended;
  };
  return { send: (bytesOf) => void stdin.write(bytesOf), take, end };
}
