// Decides where requests come from, one from argv or many from standard input, and when one is told.
// If it were wrong, two requests would become one, or a reply could be lost or pass for another's.
import { writeSync } from "node:fs";
import { answer, type Call } from "./answer.ts";
import { ignoreSignals } from "./defence.ts";
import { parseObject } from "./judge.ts";
import { DEADLINE_SECONDS } from "./policy.ts";

const LINE_MAX_BYTES = 65_536; // more than any request
/** What handOver in run.ts tells its successor. */
const { SALLYPORT_DETACHED = "", SALLYPORT_STREAM } = process.env;
const detached = /^\d+-\d+(?:\.\d+)?$/.test(SALLYPORT_DETACHED);
const id = detached ? SALLYPORT_DETACHED : `${Date.now()}-${process.pid}`;

async function main(words: readonly string[]): Promise<number> {
  ignoreSignals();
  if (words.join(" ") === "session") return await session();
  return await serve({ words, stream: detached && SALLYPORT_STREAM !== undefined }, id);
}

/** A request, and whether its caller wants to read along. */
type Asked = { words: readonly string[]; stream: boolean };

/** The exit status of a request whose reply is said. */
async function serve({ words, stream }: Asked, requestId: string): Promise<number> {
  const pass: Call["tell"] = (from, text) => say({ v: 1, requestId, stream: from, text });
  const call = { words, requestId, tell: stream ? pass : null, detached, started: Date.now() };
  const { reply, status } = await answer(call);
  if (reply !== null && !(await say(reply))) process.exit(status);
  return status;
}

// The first reply, a `version`, is to the request `ID.0`; the n-th line, garbage or not, is `ID.n`: so a caller
// knows the id of what it sends. A session that ends by itself says so, and has read nothing since.
/** Answers line after line, in order; who sends faster waits in the pipe. */
async function session(): Promise<number> {
  const until = Date.now() + DEADLINE_SECONDS.life * 1000;
  let [ended, number] = [false, 0];
  const end = (): void => {
    ended = true;
    void say({ v: 1, end: id }).then(() => process.exit(0));
  };
  process.stdout.on("error", () => {}); // so that no write to it blocks: `write` gives up in time
  await serve({ words: ["version"], stream: false }, `${id}.0`);
  let idle = setTimeout(end, DEADLINE_SECONDS.idle * 1000);
  for await (const line of lines()) {
    if (ended) break;
    clearTimeout(idle);
    await serve(askedIn(line), `${id}.${(number += 1)}`);
    idle = setTimeout(end, Date.now() < until ? DEADLINE_SECONDS.idle * 1000 : 0);
  }
  await last; // what it said last may wait in the pipe
  return 0;
}

/** Whole lines; null for one that is longer than any request. What has no line feed is none. */
async function* lines(): AsyncGenerator<string | null> {
  let held = "";
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    const parts = (held + chunk.toString("latin1")).split("\n");
    held = (parts.pop() ?? "").slice(0, LINE_MAX_BYTES + 1);
    for (const part of parts)
      yield part.length > LINE_MAX_BYTES ? null : Buffer.from(part, "latin1").toString();
  }
}

/** `{"argv":[…]}`, perhaps with `"stream":true`; anything else becomes words that are no request. */
function askedIn(line: string | null): Asked {
  try {
    const { argv, stream = false, ...rest } = parseObject(line ?? "");
    const words = Array.isArray(argv) && argv.every((word) => typeof word === "string");
    if (words && typeof stream === "boolean" && Object.keys(rest).length === 0)
      return { words: argv, stream };
  } catch {} // no object
  return { words: ["session", line ?? "a line that is too long"], stream: false };
}

let last: Promise<boolean> = Promise.resolve(true);
/** Whether the caller took this as a line of JSON within ten seconds; lines are not mixed. */
function say(line: object): Promise<boolean> {
  return (last = last.then(() => write(Buffer.from(`${JSON.stringify(line)}\n`))));
}

/** Not process.stdout: to load it takes half as long again as to start. */
async function write(bytes: Buffer): Promise<boolean> {
  for (let sent = 0, until = Date.now() + 10_000; sent < bytes.length;)
    try {
      sent += writeSync(1, bytes, sent);
    } catch (error) {
      // A full pipe that does not block is waited for; a caller that has gone is not.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN" || Date.now() > until) return false;
      await new Promise((again) => setTimeout(again, 10));
    }
  return true;
}

void main(process.argv.slice(2)).then((status) => process.exit(status));
