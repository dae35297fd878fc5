/** The audit log of a host, read as the user who logs in: its bytes as they are, never all in memory. */
import type { Readable } from "node:stream";
import { auditScript, inputLine, newMark } from "./remote-script.ts";
import { scriptBlock, type Connection } from "./transport.ts";

/** Not more bytes than this are read of one host. */
const LOG_MAX_BYTES = 2 ** 28;
/** What a login shell may say before, and the line that tells what there is. */
const HEAD_MAX_BYTES = 1 << 16;
/** Without a byte for so long it is given up. */
const IDLE_SECONDS = 60;
const WHOLE_SECONDS = 1800;

export type LogRead<Report> =
  | { kind: "read"; report: Report }
  /** `group`: of the file or the directory that this user cannot enter; `groupReads`: whether it would help to be in it. */
  | { kind: "closed"; group: string; groupReads: boolean }
  | { kind: "no_log" }
  | { kind: "too_long"; bytes: number }
  | { kind: "no_answer"; reason: string };

/** `read` gets the bytes as they come; what it makes of a log that was cut on the way is dropped. */
export async function readRemoteLog<Report>(
  connection: Connection,
  file: string,
  read: (chunks: AsyncIterable<Buffer>) => Promise<Report>,
): Promise<LogRead<Report>> {
  let late = false;
  const giveUp = (): void => {
    late = true;
    void connection.close();
  };
  const whole = setTimeout(giveUp, WHOLE_SECONDS * 1000);
  const idle = setTimeout(giveUp, IDLE_SECONDS * 1000);
  const awake = (): unknown => idle.refresh();
  try {
    const child = await connection.start();
    const mark = newMark();
    child.stdin.on("error", () => {}); // it may end without reading all
    child.stderr.resume();
    const input = [mark, file, LOG_MAX_BYTES].map(inputLine);
    child.stdin.end(Buffer.concat([scriptBlock(auditScript()), ...input]));
    const chunks = watched(child.stdout, awake);
    const { line, rest } = await headOf(chunks, mark);
    // What it may say afterwards is not waited for: the connection is closed.
    return await bodyOf(line, rest, chunks, read);
  } catch (error) {
    const reason = late ? "it did not come to its end in time" : (error as Error).message;
    return { kind: "no_answer", reason };
  } finally {
    clearTimeout(whole);
    clearTimeout(idle);
  }
}

type Chunks = AsyncGenerator<Buffer, void, void>;

async function* watched(stdout: Readable, awake: () => unknown): Chunks {
  for await (const chunk of stdout) {
    awake();
    yield chunk as Buffer;
  }
}

/** The line after the mark, and what has come after it. */
async function headOf(chunks: Chunks, mark: string): Promise<{ line: string; rest: Buffer }> {
  let head: Buffer = Buffer.alloc(0);
  for (;;) {
    const begin = head.indexOf(`${mark}\n`);
    const from = begin + mark.length + 1;
    const end = begin === -1 ? -1 : head.indexOf("\n", from);
    if (end !== -1) return { line: head.toString("utf8", from, end), rest: head.subarray(end + 1) };
    if (head.length > HEAD_MAX_BYTES) throw new Error("it says something else");
    const next = await chunks.next();
    if (next.done === true) throw new Error("its shell ended without an answer");
    head = Buffer.concat([head, next.value]);
  }
}

async function bodyOf<Report>(
  line: string,
  rest: Buffer,
  chunks: Chunks,
  read: (chunks: AsyncIterable<Buffer>) => Promise<Report>,
): Promise<LogRead<Report>> {
  const [word = "", ...values] = line.split(" ");
  const bytes = /^\d{1,15}$/.test(values[0] ?? "") ? Number(values[0]) : null;
  if (word === "log" && bytes !== null && bytes <= LOG_MAX_BYTES) {
    const cut = exactly(bytes, rest, chunks);
    const report = await read(cut.chunks());
    if (cut.missing() > 0) throw new Error("the connection was lost while it was read");
    return { kind: "read", report };
  }
  if (word === "none") return { kind: "no_log" };
  if (word === "long" && bytes !== null) return { kind: "too_long", bytes };
  const [, digits = "0", group = ""] = /^(\d{3,4}) (.+)$/.exec(values.join(" ")) ?? [];
  if (word !== "closed" || group === "") throw new Error("it says something else");
  return { kind: "closed", group, groupReads: (Number.parseInt(digits, 8) & 0o040) !== 0 };
}

/** The first `bytes` of what has come and what comes. */
function exactly(
  bytes: number,
  rest: Buffer,
  chunks: Chunks,
): { chunks: () => AsyncGenerator<Buffer>; missing: () => number } {
  let missing = bytes;
  const taken = (chunk: Buffer): Buffer => {
    const part = chunk.subarray(0, missing);
    missing -= part.length;
    return part;
  };
  return {
    missing: () => missing,
    async *chunks() {
      yield taken(rest);
      for (;;) {
        if (missing === 0) return;
        const next = await chunks.next();
        if (next.done === true) return;
        yield taken(next.value);
      }
    },
  };
}
