/** `--on PATTERN`: one request to the helpers of many hosts; answers that are alike are printed once. */
import { parseSerial } from "../../inventory/batches.ts";
import { askFleet, type FleetAnswer } from "../../inventory/fleet.ts";
import { adaptivePace } from "../../inventory/forks.ts";
import { fold } from "../../inventory/fold.ts";
import type { SshChoice } from "../../inventory/transport.ts";
import type { Request } from "../../protocol/operation.ts";
import { EXIT_STATUS, type Reply } from "../../protocol/reply.ts";
import { HELPER_PATHS } from "../../sudoers/helper-path.ts";
import { isRead, PATIENCE } from "../client.ts";
import { escapeLine } from "../escape.ts";
import { parseReply } from "../reply.ts";
import { argvOf } from "../request.ts";
import { chosenHosts } from "./chosen-hosts.ts";
import { fail } from "./errors.ts";
import type { HostOptions } from "./host-options.ts";
import { outputText, replyText } from "./reply-text.ts";
import { openSsh } from "./ssh.ts";

export type FleetOptions = {
  on: string;
  inventory?: string[];
  transport: SshChoice;
  json?: true;
  /** False with --no-input. */
  input?: boolean;
};

/** One host's answer, understood. `code`: null where all went well. */
type HostAnswer = { name: string; code: string | null; message: string; reply: Reply | null };

/** One host first, then more: but what changes nothing is asked of all at once. */
const [CAREFULLY, AT_ONCE] = ["1,10%,50%", "100%"];

export async function answerOnFleet(request: Request, options: FleetOptions): Promise<void> {
  const json = options.json === true;
  const { on: limit, inventory } = options;
  const chosen: HostOptions = inventory === undefined ? { limit } : { limit, inventory };
  const targets = await chosenHosts(chosen);
  if ("cause" in targets) return fail(targets, { json });

  const read = isRead(request);
  const [local, packaged] = [HELPER_PATHS[1], HELPER_PATHS[0]];
  const ssh = openSsh({
    transport: options.transport,
    acceptNew: false,
    input: options.input !== false,
  });
  let interrupted = false;
  process.on("SIGINT", () => {
    if (interrupted) process.exit(130);
    interrupted = true;
  });
  const answers: HostAnswer[] = [];
  try {
    await askFleet({
      targets,
      transport: ssh.transport,
      helpers: [local, packaged],
      argv: argvOf(request),
      seconds: patience(request),
      serial: parseSerial(read ? AT_ONCE : CAREFULLY) ?? [],
      pace: adaptivePace(),
      maxFail: read ? Infinity : 1,
      isGood: (answer) => understood("", answer).code === null,
      ended: (name, answer) => answers.push(understood(name, answer)),
      stopped: () => interrupted,
    });
  } finally {
    await ssh.transport.close();
  }
  process.stderr.write(ssh.asides());
  print(request, inOrder(targets, answers), json);
}

function patience(request: Request): number {
  return isRead(request) || !("action" in request) ? PATIENCE.read : PATIENCE[request.kind];
}

function inOrder(targets: readonly { name: string }[], answers: HostAnswer[]): HostAnswer[] {
  const found = new Map(answers.map((answer) => [answer.name, answer]));
  return targets.flatMap(({ name }) => found.get(name) ?? []);
}

function understood(name: string, answer: FleetAnswer): HostAnswer {
  const none = (code: string, message: string): HostAnswer => ({
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
      const { error } = parsed.reply;
      return {
        name,
        code: error?.code ?? null,
        message: error?.message ?? "",
        reply: parsed.reply,
      };
    }
    case "unsendable":
      return none("usage", "no name is like this");
    case "not_done":
      return none("not_done", "the run stopped before");
    case "offline":
    case "unreachable":
    case "host-key-changed":
    case "host-key-unknown":
    case "auth-failed":
    case "unknown_outcome":
      return none(answer.kind, answer.reason);
    default:
      return answer satisfies never;
  }
}

function print(request: Request, answers: readonly HostAnswer[], json: boolean): void {
  const bad = answers.filter(({ code }) => code !== null && code !== "offline");
  process.exitCode = statusOf(bad);
  if (json) {
    const data = { kind: "fleet", hosts: answers };
    process.stdout.write(
      `${JSON.stringify({ v: 1, success: bad.length === 0, data, error: null })}\n`,
    );
    return;
  }
  const alike = new Map<string, string[]>();
  for (const answer of answers) {
    const text = textOf(request, answer);
    alike.set(text, [...(alike.get(text) ?? []), answer.name]);
  }
  for (const [text, names] of alike) process.stdout.write(`${escapeLine(fold(names))}:\n${text}`);
}

function textOf(request: Request, { code, message, reply }: HostAnswer): string {
  if (code === null && reply !== null) return indented(replyText(request, reply));
  const said = reply === null ? "" : outputText(reply.stderr === "" ? reply.stdout : reply.stderr);
  return indented(`${said}${code}: ${escapeLine(message)}\n`);
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, "  ");
}

/** The worst of all: a failure, a refusal, and then what could not be asked. */
function statusOf(all: readonly HostAnswer[]): number {
  if (all.length === 0) return 0;
  // Hosts that were not asked any more say nothing of their own.
  const bad = all.filter(({ code }) => code !== "not_done");
  const replies = bad.flatMap(({ reply }) => reply?.error ?? []);
  if (replies.length === bad.length) {
    const codes = new Set(replies.map(({ code }) => EXIT_STATUS[code]));
    return codes.size === 1 ? ([...codes][0] ?? 1) : EXIT_STATUS.failed;
  }
  const unasked = new Set(["unreachable", "host-key-changed", "host-key-unknown", "auth-failed"]);
  return bad.every(({ code }) => unasked.has(code ?? ""))
    ? EXIT_STATUS.unavailable
    : EXIT_STATUS.failed;
}
