/** The operator's socket: who comes in may ask for the few things of wire.ts, a few at a time. */
import { createServer, type Server, type Socket } from "node:net";
import { isRead } from "../client.ts";
import {
  refusedReply,
  replyLine,
  REQUEST_MAX_BYTES,
  requestSchema,
  type OperatorReply,
  type OperatorRequest,
} from "./wire.ts";

const CONNECTIONS_MAX = 32;
/** Requests of one connection that wait for the one under way. */
const WAITING_MAX = 4;
/** At once, of all connections. A change waits for nobody: two rollouts would stop each other's services. */
const [READS_MAX, CHANGES_MAX] = [8, 1];
const IDLE_SECONDS = 30;
const LINE_FEED = 0x0a;

/** `stopped`: whether no further host may be begun. */
export type Answering = (
  request: OperatorRequest,
  stopped: () => boolean,
) => Promise<OperatorReply>;

export type OperatorServer = {
  server: Server;
  /** Begins nothing new; resolves when what was under way has been answered. */
  stop: () => Promise<void>;
};

export function operatorServer(parts: {
  answer: Answering;
  /** A line that was no request; `message` says why. */
  refused: (message: string) => void;
  /** A bug: whoever asked is not told. */
  report: (error: unknown) => void;
}): OperatorServer {
  const { answer, refused, report } = parts;
  const sockets = new Set<Socket>();
  const running = new Set<Promise<void>>();
  const under = { read: 0, change: 0 };
  let stopping = false;

  async function replyTo(line: string, gone: () => boolean): Promise<OperatorReply> {
    const request = requestIn(line);
    if ("flaw" in request) {
      refused(request.flaw);
      return refusedReply("malformed", request.flaw);
    }
    const kind = request.ask === "hosts" || isRead(request.argv) ? "read" : "change";
    if (stopping) return refusedReply("busy", "the operator's process ends");
    if (under[kind] >= (kind === "read" ? READS_MAX : CHANGES_MAX))
      return refusedReply("busy", `another ${kind} is under way`);
    under[kind] += 1;
    try {
      return await answer(request, () => stopping || gone());
    } catch (error) {
      report(error);
      return refusedReply("internal", "a bug in the operator's process");
    } finally {
      under[kind] -= 1;
    }
  }

  function converse(socket: Socket): void {
    let held: Buffer = Buffer.alloc(0);
    let over = false;
    const lines: string[] = [];
    let working = false;

    const work = async (): Promise<void> => {
      working = true;
      socket.setTimeout(0);
      for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
        const reply = await replyTo(line, () => over);
        if (socket.writable) socket.write(replyLine(reply));
      }
      working = false;
      socket.setTimeout(IDLE_SECONDS * 1000);
      if (over || stopping) socket.end();
    };
    const refuse = (message: string): void => {
      refused(message);
      over = true;
      lines.length = 0;
      held = Buffer.alloc(0);
      socket.end(replyLine(refusedReply("malformed", message)));
      socket.removeAllListeners("data").resume(); // what it still sends is thrown away
      socket.setTimeout(1000);
    };

    sockets.add(socket);
    socket.setTimeout(IDLE_SECONDS * 1000, () => socket.destroy());
    socket.on("error", () => {}); // its close says it, too
    socket.on("close", () => {
      over = true;
      sockets.delete(socket);
    });
    // Who does not wait for the answer stops it: no further host is begun.
    socket.on("end", () => {
      over = true;
      if (!working) socket.end();
    });
    socket.on("data", (chunk: Buffer) => {
      held = Buffer.concat([held, chunk]);
      for (let end = held.indexOf(LINE_FEED); end !== -1; end = held.indexOf(LINE_FEED)) {
        if (end > REQUEST_MAX_BYTES) break;
        lines.push(held.toString("utf8", 0, end));
        held = held.subarray(end + 1);
        if (lines.length > WAITING_MAX) return refuse("too many requests wait on one connection");
      }
      if (held.length > REQUEST_MAX_BYTES)
        return refuse(`a request has at most ${REQUEST_MAX_BYTES} bytes`);
      if (working || lines.length === 0) return;
      const done = work().catch(report);
      running.add(done);
      void done.then(() => running.delete(done));
    });
  }

  const server = createServer({ allowHalfOpen: true }, converse);
  server.maxConnections = CONNECTIONS_MAX;
  return {
    server,
    async stop() {
      stopping = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await Promise.all(running);
      for (const socket of sockets) socket.destroySoon();
      await closed;
    },
  };
}

function requestIn(line: string): OperatorRequest | { flaw: string } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { flaw: "it is not one JSON object" };
  }
  const parsed = requestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue?.path.join(".") || "the object";
  return { flaw: `${where}: ${issue?.message.toLowerCase()}`.slice(0, 400) };
}
