/** `--on PATTERN`: which hosts, how many at once, what is printed, and with which status it ends. */
import { parseSerial } from "../../inventory/batches.ts";
import { visitFleet, type NotVisited } from "../../inventory/fleet.ts";
import { fold } from "../../inventory/fold.ts";
import { adaptivePace } from "../../inventory/forks.ts";
import type { InventoryHost } from "../../inventory/target.ts";
import type { Connection, SshChoice, Transport } from "../../inventory/transport.ts";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { escapeLine } from "../escape.ts";
import { chosenHosts } from "./chosen-hosts.ts";
import { fail } from "./errors.ts";
import type { HostOptions } from "./host-options.ts";
import { openSsh } from "./ssh.ts";

export type FleetOptions = {
  on: string;
  inventory?: string[];
  transport: SshChoice;
  json?: true;
  /** False with --no-input. */
  input?: boolean;
};

/** Of a command that is about this host unless `on` is given. */
export type MaybeFleetOptions = Omit<FleetOptions, "on"> & { on?: string };

/** One host's answer, understood. `code`: null where all went well. `message`: may be a host's own words. */
export type HostAnswer = { name: string; code: string | null; message: string };

/** One host first, then more: but what changes nothing is asked of all at once. */
const [CAREFULLY, AT_ONCE] = ["1,10%,50%", "100%"];

export type FleetQuestion<Raw, Answer extends HostAnswer> = {
  /** Whether nothing on a host can be different afterwards. */
  read: boolean;
  visit: (connection: Connection) => Promise<Raw>;
  understood: (name: string, raw: Raw) => Answer;
  /** Of a host that gave no answer of its own. */
  none: (answer: HostAnswer) => Answer;
};

/** The answers in the order of `targets`. */
export async function askFleet<Raw extends { kind: string }, Answer extends HostAnswer>(
  question: FleetQuestion<Raw, Answer>,
  where: {
    targets: readonly InventoryHost[];
    transport: Transport;
    stopped: () => boolean;
  },
): Promise<Answer[]> {
  const answers = new Map<string, Answer>();
  const { read } = question;
  const answerOf = (name: string, raw: Raw | NotVisited): Answer =>
    isNotVisited(raw) ? question.none(unvisited(name, raw)) : question.understood(name, raw);
  await visitFleet<Raw>({
    ...where,
    visit: question.visit,
    serial: parseSerial(read ? AT_ONCE : CAREFULLY) ?? [],
    pace: adaptivePace(),
    maxFail: read ? Infinity : 1,
    isGood: (raw) => answerOf("", raw).code === null,
    ended: (name, raw) => answers.set(name, answerOf(name, raw)),
  });
  return where.targets.flatMap(({ name }) => answers.get(name) ?? []);
}

const NOT_VISITED: readonly string[] = [
  "not_done",
  "offline",
  "unreachable",
  "host-key-changed",
  "host-key-unknown",
  "auth-failed",
] satisfies NotVisited["kind"][];

function isNotVisited(raw: { kind: string }): raw is NotVisited {
  return NOT_VISITED.includes(raw.kind);
}

function unvisited(name: string, raw: NotVisited): HostAnswer {
  const message = raw.kind === "not_done" ? "the run stopped before" : raw.reason;
  return { name, code: raw.kind, message };
}

/** `text`: what one host's answer reads like; `statusOf`: of the bad ones, where there are some. */
export async function answerOnFleet<Raw extends { kind: string }, Answer extends HostAnswer>(
  question: FleetQuestion<Raw, Answer>,
  options: FleetOptions,
  how: { text: (answer: Answer) => string; statusOf: (bad: readonly Answer[]) => number },
): Promise<void> {
  const json = options.json === true;
  const { on: limit, inventory } = options;
  const chosen: HostOptions = inventory === undefined ? { limit } : { limit, inventory };
  const targets = await chosenHosts(chosen);
  if ("cause" in targets) return fail(targets, { json });

  let interrupted = false;
  process.on("SIGINT", () => {
    if (interrupted) process.exit(130);
    interrupted = true;
  });
  const ssh = openSsh({
    transport: options.transport,
    acceptNew: false,
    input: options.input !== false,
  });
  const { transport } = ssh;
  let answers: Answer[];
  try {
    answers = await askFleet(question, { targets, transport, stopped: () => interrupted });
  } finally {
    await transport.close();
  }
  process.stderr.write(ssh.asides());
  const bad = answers.filter(({ code }) => code !== null && code !== "offline");
  process.exitCode = bad.length === 0 ? 0 : how.statusOf(bad);
  process.stdout.write(json ? fleetJson(answers, bad.length === 0) : foldedText(answers, how.text));
}

function fleetJson(hosts: readonly HostAnswer[], success: boolean): string {
  return `${JSON.stringify({ v: 1, success, data: { kind: "fleet", hosts }, error: null })}\n`;
}

/** Answers that read alike are printed once. */
function foldedText<Answer extends HostAnswer>(
  answers: readonly Answer[],
  textOf: (answer: Answer) => string,
): string {
  const alike = new Map<string, string[]>();
  for (const answer of answers) {
    const text = indented(textOf(answer));
    alike.set(text, [...(alike.get(text) ?? []), answer.name]);
  }
  return [...alike].map(([text, names]) => `${escapeLine(fold(names))}:\n${text}`).join("");
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, "  ");
}

/** Of a host that gave no answer: why, in one line. */
export function refusalText({ code, message }: HostAnswer): string {
  return `${code}: ${escapeLine(message)}\n`;
}

const UNASKED = new Set(["unreachable", "host-key-changed", "host-key-unknown", "auth-failed"]);

/** Where none of them could be asked, another status than where one of them is not as it should be. */
export function failedOrUnavailable(bad: readonly HostAnswer[]): number {
  // Hosts that were not asked any more say nothing of their own.
  return bad.every(({ code }) => code === "not_done" || UNASKED.has(code ?? ""))
    ? EXIT_STATUS.unavailable
    : EXIT_STATUS.failed;
}
