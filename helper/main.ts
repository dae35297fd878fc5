// Decides where requests come from: one from argv, or many from standard input.
// If it were wrong, a reply could be lost, or pass for that of another request.
import { answer, type Call } from "./answer.ts";
import { ignoreSignals } from "./defence.ts";
import { say } from "./say.ts";
import type { Asked } from "./session.ts";

/** What handOver in run.ts tells its successor. */
const { SALLYPORT_DETACHED = "", SALLYPORT_STREAM } = process.env;
const detached = /^\d+-\d+(?:\.\d+)?$/.test(SALLYPORT_DETACHED);
const id = detached ? SALLYPORT_DETACHED : `${Date.now()}-${process.pid}`;

/** The exit status of a request whose reply is said. */
async function serve({ words, stream }: Asked, requestId: string): Promise<number> {
  const pass: Call["tell"] = (from, text) => say({ v: 1, requestId, stream: from, text });
  const call = { words, requestId, tell: stream ? pass : null, detached, started: Date.now() };
  const { reply, status } = await answer(call);
  if (reply !== null && !(await say(reply))) process.exit(status);
  return status;
}

async function main(words: readonly string[]): Promise<number> {
  ignoreSignals();
  if (words.join(" ") === "session") return await (await import("./session.ts")).session(id, serve);
  return await serve({ words, stream: detached && SALLYPORT_STREAM !== undefined }, id);
}

void main(process.argv.slice(2)).then((status) => process.exit(status));
