/** Asks the helper for one thing. Everything unprivileged (command line, MCP server, daemon) goes through here. */
import type { Request } from "../protocol/operation.ts";
import type { Reply } from "../protocol/reply.ts";
import { helperProgram, mayConnect, reachHelper } from "./channel.ts";
import { diagnose, isThisBuild, type Refusal } from "./diagnose.ts";
import type { Host } from "./host.ts";
import { parseReply } from "./reply.ts";
import { argvOf } from "./request.ts";
import { runProgram } from "./run-program.ts";
import type { Said } from "./session-line.ts";
import { sessionPool } from "./session-pool.ts";

/** Every way to get no reply from the helper; agent/explain.ts words them. */
export type ClientFailure =
  | Refusal
  | { kind: "not_set_up"; uid: number }
  | { kind: "sudo_missing" }
  /** Only this program is there to become root with. */
  | { kind: "unsupported_elevator"; found: string }
  /** systemd's socket is there and of no use to this user, and neither is sudo; `code` as in errno(3). */
  | { kind: "socket_refused"; code: string }
  /** The daemon asked for nothing, because it could not write down that it would. */
  | { kind: "not_recorded" }
  /** A name that no argument of a program can carry. */
  | { kind: "unsendable" }
  | { kind: "bad_reply"; reason: string }
  | { kind: "no_answer"; seconds: number }
  /** The helper was gone before it replied. `requestId` finds out what became of it: `sallyport audit show`. */
  | { kind: "unknown_outcome"; requestId: string | null };

export type Answer = { kind: "reply"; reply: Reply } | ClientFailure;

/** What a program has just said, as it comes; the reply repeats it, shortened. */
export type Output = Pick<Said, "stream" | "text">;

/** Asks for many things, through sessions that are started when they are needed. */
export type Client = {
  /** Never prompts, never asks twice: what may have begun ends as `unknown_outcome`. */
  ask(request: Request, watch?: (output: Output) => void): Promise<Answer>;
  /** How often a session had to be started anew because one had died. */
  restarts(): number;
  /** Ends all sessions; what the helper has begun, it finishes. */
  close(): Promise<void>;
};

/** Sessions for requests that change nothing; one more is for those that do, which so wait for each other. */
const READ_SESSIONS = 4;

export function openClient(host: Host): Client {
  const reads = sessionPool(READ_SESSIONS, () => reachHelper(host));
  const changes = sessionPool(1, () => reachHelper(host));
  return {
    ask: async (request, watch) => {
      const argv = argvOf(request);
      if (argv.some((word) => word.includes("\0"))) return { kind: "unsendable" };
      return await (isRead(request) ? reads : changes).ask(argv, patience(request), watch);
    },
    restarts: () => reads.deaths() + changes.deaths(),
    close: async () => {
      await Promise.all([reads.close(), changes.close()]);
    },
  };
}

/** Seconds until a reply is given up: more than the helper's own deadlines and locks, and sudo's 10 s stalls. */
export const PATIENCE = { read: 90, service: 300, package: 3600 };

/** The helper's reply to a request, or why there is none. Never prompts. */
export async function ask(request: Request, host: Host): Promise<Answer> {
  return await askWords(argvOf(request), patience(request), host);
}

/** The same for words that may be no request: the helper refuses them, and has it on record. */
export async function askWords(
  words: readonly string[],
  seconds: number,
  host: Host,
): Promise<Answer> {
  if (words.some((word) => word.includes("\0"))) return { kind: "unsendable" };

  if (host.euid !== 0 && mayConnect(host)) return await askBySocket(words, seconds, host);
  const program = helperProgram(host);
  if ("kind" in program) return program;
  const { file, args, helper } = program;
  const end = await runProgram(file, [...args, ...words], seconds);

  if (end.kind === "timeout") return { kind: "no_answer", seconds };
  if (end.kind === "not_started") {
    return { kind: "bad_reply", reason: `${file} could not be started (${end.code})` };
  }
  if (end.status === null && end.stdout === "") return { kind: "unknown_outcome", requestId: null };
  // sudo's own refusals are exit 1 without a word on stdout; the helper always answers there.
  if (host.euid !== 0 && end.status === 1 && end.stdout === "")
    return diagnose(host, helper, end.stderr);

  const parsed = end.overflow
    ? { reason: "it is longer than 1 MiB" }
    : parseReply(end.stdout, end.status);
  const understood = "reply" in parsed && parsed.reply.error?.code !== "usage";
  if (!understood && (await isThisBuild(host, helper)) === false) {
    return { kind: "helper_differs", helper, granted: null };
  }
  if ("reply" in parsed) return { kind: "reply", reply: parsed.reply };
  return { kind: "bad_reply", reason: parsed.reason };
}

/** Whoever was let in to the socket needs no rule of sudo. */
async function askBySocket(words: readonly string[], seconds: number, host: Host): Promise<Answer> {
  const session = await reachHelper(host);
  if ("kind" in session) return session;
  const answer = await session.ask(words, seconds, undefined);
  void session.close();
  if (answer.kind !== "unread") return answer;
  return { kind: "bad_reply", reason: "its session ended before it answered" };
}

/** Whether a request changes nothing on the host, so that it may be asked again. */
export function isRead(request: Request): boolean {
  if (request.kind === "report") return false;
  return !("action" in request) || ["status", "logs", "info", "check"].includes(request.action);
}

/** In seconds. */
export function patience(request: Request): number {
  if (isRead(request) || !("action" in request) || request.kind === "grant") return PATIENCE.read;
  return PATIENCE[request.kind];
}
