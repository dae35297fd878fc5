/** One request to the helpers of many hosts. */
import { askHost, type RemoteAnswer } from "../../inventory/ask.ts";
import type { Request } from "../../protocol/operation.ts";
import { EXIT_STATUS, type Reply } from "../../protocol/reply.ts";
import { HELPER_PATHS } from "../../sudoers/helper-path.ts";
import { isRead, patience } from "../client.ts";
import { parseReply } from "../reply.ts";
import { argvOf } from "../request.ts";
import {
  answerOnFleet,
  failedOrUnavailable,
  refusalText,
  type FleetOptions,
  type FleetQuestion,
  type HostAnswer,
} from "./fleet-run.ts";
import { outputText, replyText } from "./reply-text.ts";

/** `reply`: null where the helper of that host was not heard. */
export type RequestAnswer = HostAnswer & { reply: Reply | null };

export async function requestOnFleet(request: Request, options: FleetOptions): Promise<void> {
  await answerOnFleet(questionOf(request), options, {
    text: (answer) => textOf(request, answer),
    statusOf,
  });
}

/** What is asked of each host, and what its answer means. */
export function questionOf(request: Request): FleetQuestion<RemoteAnswer, RequestAnswer> {
  const [packaged, local] = HELPER_PATHS;
  const read = isRead(request);
  const seconds = patience(request);
  return {
    read,
    visit: (connection) => askHost(connection, [local, packaged], argvOf(request), seconds),
    understood,
    none: (answer) => ({ ...answer, reply: null }),
  };
}

function understood(name: string, answer: RemoteAnswer): RequestAnswer {
  const none = (code: string, message: string): RequestAnswer => ({
    name,
    code,
    message,
    reply: null,
  });
  switch (answer.kind) {
    case "answer": {
      // sudo's own refusals are exit 1 without a word on stdout; the helper always answers there.
      if (answer.stdout === "") return none("not_set_up", answer.stderr.trim());
      const parsed = parseReply(answer.stdout, answer.status);
      if ("reason" in parsed) return none("bad_reply", parsed.reason);
      const { reply } = parsed;
      return { name, code: reply.error?.code ?? null, message: reply.error?.message ?? "", reply };
    }
    case "unsendable":
      return none("usage", "no name is like this");
    case "unknown_outcome":
      return none(answer.kind, answer.reason);
    default:
      return answer satisfies never;
  }
}

function textOf(request: Request, answer: RequestAnswer): string {
  const { code, reply } = answer;
  if (code === null && reply !== null) return replyText(request, reply);
  const said = reply === null ? "" : outputText(reply.stderr === "" ? reply.stdout : reply.stderr);
  return `${said}${refusalText(answer)}`;
}

/** The worst of all: a failure, a refusal, and then what could not be asked. */
function statusOf(all: readonly RequestAnswer[]): number {
  const bad = all.filter(({ code }) => code !== "not_done");
  const replies = bad.flatMap(({ reply }) => reply?.error ?? []);
  if (replies.length !== bad.length) return failedOrUnavailable(bad);
  const codes = new Set(replies.map(({ code }) => EXIT_STATUS[code]));
  return codes.size === 1 ? ([...codes][0] ?? 1) : EXIT_STATUS.failed;
}
