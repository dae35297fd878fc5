// Decides what is one request on standard input, and when a session ends.
// If it were wrong, a line without end would fill root's memory, or two requests would become one.
import { parseObject } from "./json.ts";
import { DEADLINE_SECONDS } from "./policy.ts";
import { say } from "./say.ts";

const LINE_MAX_BYTES = 4096; // more than any request

/** A request, and whether its caller wants to read along. */
export type Asked = { words: readonly string[]; stream: boolean };
type Serve = (asked: Asked, requestId: string) => Promise<number>;

/**
 * Answers line after line, in order; who sends faster waits in the pipe. The first reply, a
 * `version`, is to the request `ID.0`; the n-th line, garbage or not, is `ID.n`: so a caller knows
 * the id of what it sends. A session that ends by itself says so, and has read nothing since.
 */
export async function session(id: string, serve: Serve): Promise<number> {
  const until = Date.now() + DEADLINE_SECONDS.life * 1000;
  let ended = false;
  const end = (): void => {
    ended = true;
    void say({ v: 1, end: id }).then(() => process.exit(0));
  };
  process.stdout.on("error", () => {}); // so that no write to it blocks: say.ts gives up in time
  await serve({ words: ["version"], stream: false }, `${id}.0`);
  let idle = setTimeout(end, DEADLINE_SECONDS.idle * 1000);
  let number = 0;
  for await (const line of lines()) {
    if (ended) break;
    clearTimeout(idle);
    await serve(askedIn(line), `${id}.${(number += 1)}`);
    idle = setTimeout(end, Date.now() < until ? DEADLINE_SECONDS.idle * 1000 : 0);
  }
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
