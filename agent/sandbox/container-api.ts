/** What docker and podman are asked over their socket of this host: the part of docker's API that a sandbox needs. */
import { once } from "node:events";
import { createReadStream } from "node:fs";
import {
  Agent,
  request,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
} from "node:http";
import type { Socket } from "node:net";

/** Of Docker 20.10, the oldest that is supported; podman 4 has it, too. */
const API = "/v1.41";
const ANSWER_MAX_BYTES = 8 * 1_048_576;
/** An answer that does not come is a daemon that hangs. */
const ANSWER_MS = 30_000;
const LOAD_MS = 600_000;

/** A refusal of the daemon, in its own words, or of the socket: then `status` is 0 and `code` says why. */
export class ContainerFault extends Error {
  readonly status: number;
  readonly code: string;
  constructor(said: string, status: number, code = "") {
    super(said);
    this.status = status;
    this.code = code;
  }
}

type ContainerEvent = { action: "oom" | "die" | "destroy" | null; exitStatus: number | null };

/** Docker's word, podman's word. */
const DIED = ["die", "died"];
const REMOVED = ["destroy", "remove"];

/** `hold`: whether this process goes on for it. */
type Listening = { stop(): void; hold(isHeld: boolean): void };

export type ContainerApi = {
  /** The answer's JSON. */
  ask(method: string, path: string, body?: object): Promise<unknown>;
  /** Standard input of a container, and both of its outputs in frames (see demultiplexer). */
  attach(id: string): Promise<Socket>;
  /** Each `oom`, `die` and `destroy` of one container, from now on; `lost`: no more will come. */
  events(id: string, told: (event: ContainerEvent) => void, lost: () => void): Promise<Listening>;
  /** An archive of images. */
  load(file: string): Promise<void>;
  close(): void;
};

/** Of nothing but a socket in this host's file system: whoever has the other end decides what confines. */
export function containerApi(socketPath: string): ContainerApi {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 8 });
  const options = (method: string, path: string): RequestOptions => {
    return { socketPath, agent, method, path: `${API}${path}`, headers: { host: "sallyport" } };
  };

  async function ask(method: string, path: string, body?: object): Promise<unknown> {
    const outgoing = request(options(method, path));
    if (body !== undefined) outgoing.setHeader("content-type", "application/json");
    const answered = answerTo(outgoing);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    return jsonOf(await textOf(await answered));
  }

  return {
    ask,
    async attach(id) {
      const query = "stream=1&stdin=1&stdout=1&stderr=1";
      const outgoing = request(options("POST", `/containers/${id}/attach?${query}`));
      outgoing.setHeader("connection", "Upgrade").setHeader("upgrade", "tcp");
      const upgraded = once(outgoing, "upgrade") as Promise<[IncomingMessage, Socket, Buffer]>;
      const refused = answerTo(outgoing).then(() => null);
      upgraded.catch(() => {});
      outgoing.end();
      const opened = await Promise.race([upgraded, refused]);
      if (opened === null) throw new ContainerFault("it is not attached to", 0);
      const [, stream, first] = opened;
      refused.catch(() => {});
      if (first.length > 0) stream.unshift(first);
      return stream;
    },
    async events(id, told, lost) {
      const filters = { container: [id], event: ["oom", ...DIED, ...REMOVED] };
      const query = `filters=${encodeURIComponent(JSON.stringify(filters))}`;
      const outgoing = request({ ...options("GET", `/events?${query}`), agent: false });
      const answered = answerTo(outgoing);
      outgoing.end();
      const incoming = await answered;
      let rest = "";
      incoming.setEncoding("utf8").on("data", (text: string) => {
        const lines = `${rest}${text}`.split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) if (line.trim() !== "") told(eventOf(line));
      });
      incoming.on("error", () => {}).on("close", lost);
      return {
        stop: () => void incoming.off("close", lost).destroy(),
        hold: (isHeld) => void (isHeld ? incoming.socket.ref() : incoming.socket.unref()),
      };
    },
    async load(file) {
      const outgoing = request(options("POST", "/images/load?quiet=1"));
      outgoing.setHeader("content-type", "application/x-tar");
      const answered = answerTo(outgoing, LOAD_MS);
      createReadStream(file).pipe(outgoing);
      await textOf(await answered);
    },
    close: () => agent.destroy(),
  };
}

/** Until its head is there; what follows may take its time. */
async function answerTo(outgoing: ClientRequest, ms = ANSWER_MS): Promise<IncomingMessage> {
  let answered: [IncomingMessage];
  const late = setTimeout(
    () => outgoing.destroy(new Error(`no answer came in ${ms / 1000} s`)),
    ms,
  );
  outgoing.once("upgrade", () => clearTimeout(late));
  try {
    answered = (await once(outgoing, "response")) as [IncomingMessage];
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    throw new ContainerFault(message, 0, code);
  } finally {
    clearTimeout(late);
  }
  const [incoming] = answered;
  const status = incoming.statusCode ?? 0;
  if (status < 400) return incoming;
  const said = jsonOf(await textOf(incoming)) as { message?: string } | null;
  throw new ContainerFault(said?.message ?? `status ${status}`, status);
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  let text = "";
  incoming.setEncoding("utf8");
  for await (const chunk of incoming) {
    text += chunk as string;
    if (text.length > ANSWER_MAX_BYTES) throw new ContainerFault("its answer has no end", 0);
  }
  return text;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function eventOf(line: string): ContainerEvent {
  const found = jsonOf(line) as {
    Action?: string;
    Actor?: { Attributes?: { exitCode?: string; containerExitCode?: string } };
  } | null;
  const { exitCode, containerExitCode } = found?.Actor?.Attributes ?? {};
  const status = exitCode ?? containerExitCode;
  return {
    action: actionOf(found?.Action ?? ""),
    exitStatus: status === undefined ? null : Number(status),
  };
}

function actionOf(word: string): ContainerEvent["action"] {
  if (DIED.includes(word)) return "die";
  if (REMOVED.includes(word)) return "destroy";
  return word === "oom" ? word : null;
}

/** Sorts what comes from `attach`: frames with a head of eight bytes, the stream's number and the length. */
export function demultiplexer(
  told: (stream: "stdout" | "stderr", chunk: Buffer) => void,
): (chunk: Buffer) => void {
  let head = Buffer.alloc(0);
  let [left, stream] = [0, "stdout" as "stdout" | "stderr"];
  return (chunk) => {
    let at = 0;
    while (at < chunk.length) {
      if (left > 0) {
        const piece = chunk.subarray(at, at + left);
        told(stream, piece);
        left -= piece.length;
        at += piece.length;
        continue;
      }
      const piece = chunk.subarray(at, at + 8 - head.length);
      head = Buffer.concat([head, piece]);
      at += piece.length;
      if (head.length < 8) return;
      stream = head[0] === 2 ? "stderr" : "stdout";
      left = head.readUInt32BE(4);
      head = Buffer.alloc(0);
    }
  };
}
