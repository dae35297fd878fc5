/** Asks the helper for one thing. Everything unprivileged (command line, MCP server, daemon) goes through here. */
import { existsSync } from "node:fs";
import type { Request } from "../protocol/operation.ts";
import type { Reply, Said } from "../protocol/reply.ts";
import { diagnose, isThisBuild, type Refusal } from "./diagnose.ts";
import { installedHelpers, noNewPrivs, otherElevator, type Host } from "./host.ts";
import { parseReply } from "./reply.ts";
import { argvOf } from "./request.ts";
import { runProgram } from "./run-program.ts";

/** Every way to get no reply from the helper; agent/explain.ts words them. */
export type ClientFailure =
  | Refusal
  | { kind: "not_set_up"; uid: number }
  | { kind: "sudo_missing" }
  /** Only this program is there to become root with. */
  | { kind: "unsupported_elevator"; found: string }
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

/** Until sessions are there: one helper for each request. */
export function openClient(host: Host): Client {
  return { ask: (request) => ask(request, host), restarts: () => 0, close: async () => {} };
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

  const root = host.euid === 0;
  const missing = root ? null : sudoFailure(host);
  if (missing !== null) return missing;
  const helper = installedHelpers(host)[0];
  if (helper === undefined) return { kind: "not_set_up", uid: host.uid };
  if (!root && noNewPrivs(host)) return { kind: "no_new_privs" };

  const end = root
    ? await runProgram(helper, words, seconds)
    : await runProgram(host.sudo, ["-n", "--", helper, ...words], seconds);

  if (end.kind === "timeout") return { kind: "no_answer", seconds };
  if (end.kind === "not_started") {
    const program = root ? helper : host.sudo;
    return { kind: "bad_reply", reason: `${program} could not be started (${end.code})` };
  }
  // sudo's own refusals are exit 1 without a word on stdout; the helper always answers there.
  if (!root && end.status === 1 && end.stdout === "") return diagnose(host, helper, end.stderr);

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

/** Why sudo cannot be called on this host, or null. */
export function sudoFailure(host: Host): ClientFailure | null {
  if (existsSync(host.sudo)) return null;
  const found = otherElevator(host);
  return found === null ? { kind: "sudo_missing" } : { kind: "unsupported_elevator", found };
}

function patience(request: Request): number {
  if (!("action" in request)) return PATIENCE.read;
  if (["status", "logs", "info"].includes(request.action)) return PATIENCE.read;
  return PATIENCE[request.kind];
}
