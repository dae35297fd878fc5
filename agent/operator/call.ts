/** Asks the operator's process for one thing, over its socket; never more than one request a connection. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { REPLY_MAX_BYTES, replySchema, type OperatorReply, type OperatorWords } from "./wire.ts";

export type OperatorAnswer =
  | { kind: "reply"; reply: OperatorReply }
  /** Nothing was asked: nobody listens there, or it does not let this user in. */
  | { kind: "not_there" }
  /** It was asked, and its answer did not come. */
  | { kind: "lost" }
  /** What answered is no operator's process of this build. */
  | { kind: "bad_reply"; reason: string };

/** Asks; `signal` stops it: hosts under way are finished and answered for, no other is begun. */
export type Operator = (words: OperatorWords, signal: AbortSignal) => Promise<OperatorAnswer>;

/** A rollout over many hosts takes its time; a host's own deadlines are shorter. */
const PATIENCE_SECONDS = 4 * 3600;
const CONNECT_SECONDS = 5;

export function operatorAt(path: string): Operator {
  return async (words, signal) => {
    const socket = connect({ path, allowHalfOpen: true });
    socket.setTimeout(CONNECT_SECONDS * 1000, () => socket.destroy());
    const stop = (): unknown => socket.end();
    try {
      await once(socket, "connect");
      socket.setTimeout(PATIENCE_SECONDS * 1000);
      socket.write(`${JSON.stringify(words)}\n`);
    } catch {
      return { kind: "not_there" };
    }
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    try {
      return await replyOn(socket);
    } finally {
      signal.removeEventListener("abort", stop);
      socket.destroy();
    }
  };
}

async function replyOn(socket: Socket): Promise<OperatorAnswer> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      const end = chunk.indexOf("\n");
      chunks.push(end === -1 ? chunk : chunk.subarray(0, end));
      length += chunk.length;
      if (end !== -1) return replyIn(Buffer.concat(chunks).toString());
      if (length > REPLY_MAX_BYTES) return { kind: "bad_reply", reason: "it is too long" };
    }
  } catch {}
  return { kind: "lost" };
}

function replyIn(line: string): OperatorAnswer {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { kind: "bad_reply", reason: "it is not one JSON object" };
  }
  const parsed = replySchema.safeParse(value);
  if (parsed.success) return { kind: "reply", reply: parsed.data };
  const issue = parsed.error.issues[0];
  return { kind: "bad_reply", reason: `${issue?.path.join(".")}: ${issue?.message}` };
}
