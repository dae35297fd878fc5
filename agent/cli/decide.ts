/** `sallyport approve`, `deny`, `revoke`: a person decides, as root, with a password of their own. */
import { createInterface } from "node:readline/promises";
import type { Command } from "commander";
import { GRANT_ID } from "../../protocol/grant.ts";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { openGrants, type AnyGrant, type GrantStore } from "../grants/store.ts";
import { personAsRoot, record } from "./as-root.ts";
import { onTerminal } from "./elevate.ts";
import { fail, type Failure } from "./errors.ts";
import { grantScreen } from "./grant-text.ts";
import { noSuchGrant } from "./grants.ts";

type Verb = "approve" | "deny" | "revoke";
type Options = {
  uses?: string;
  for?: string;
  message?: string;
  yes?: true;
  json?: true;
  /** False with --no-input. */
  input?: boolean;
};

const ID = "as sallyport pending lists it";

export function registerDecideCommands(program: Command): void {
  const command = (verb: Verb, summary: string): Command =>
    program
      .command(verb)
      .summary(summary)
      .argument("<id>", ID)
      .option("-m, --message <text>", "why, for the record and for who asked")
      .option("--yes", "do not ask once more")
      .action((id: string, options: Options) => decide(verb, id, options));
  command("approve", "grant exactly what waits under an id")
    .option("--uses <n>", "how often it may be used", "1")
    .option("--for <time>", "until when: 90s, 15m, 8h", "1h");
  command("deny", "refuse what waits under an id");
  command("revoke", "take back what was granted");
}

type Decided = { id: string; verb: Verb; approver: number };

async function decide(verb: Verb, id: string, options: Options): Promise<void> {
  const json = options.json === true;
  const limits = verb === "approve" ? limitsIn(options) : NONE;
  if ("cause" in limits) return fail(limits, { json });
  const words = elevated(verb, id, options);
  const approver = await personAsRoot(words, { json, input: options.input !== false });
  if (approver === null) return;
  const store = openGrants();
  try {
    const grant = GRANT_ID.test(id) ? store.find(id) : null;
    if (grant === null) return fail(noSuchGrant(id), { json });
    if (!(await isMeant(verb, grant, options))) return fail(NOT_CONFIRMED, { json });
    const decision = { approver, reason: options.message ?? null, ...limits };
    if (!take(store, verb, id, decision)) return fail(tooLate(store.find(id), verb), { json });
  } finally {
    store.close();
  }
  await record();
  const decided: Decided = { id, verb, approver };
  if (json) process.stdout.write(`${JSON.stringify({ v: 1, success: true, data: decided })}\n`);
  else process.stdout.write(`${DONE[verb]}\n`);
}

const DONE = { approve: "granted", deny: "denied", revoke: "revoked" } as const;
type Limits = { uses: number; seconds: number };
const NONE: Limits = { uses: 0, seconds: 0 };

function take(
  store: GrantStore,
  verb: Verb,
  id: string,
  decision: Limits & { approver: number; reason: string | null },
): boolean {
  switch (verb) {
    case "approve":
      return store.approve(id, decision);
    case "deny":
      return store.deny(id, decision);
    case "revoke":
      return store.revoke(id, decision);
    default:
      return verb satisfies never;
  }
}

/** The facts are shown before the question, and the question is on the terminal. */
async function isMeant(verb: Verb, grant: AnyGrant, options: Options): Promise<boolean> {
  const screen = grantScreen(grant);
  process.stderr.write(screen);
  if (options.yes === true) return true;
  if (options.input === false || !onTerminal()) return false;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    // Facts that have scrolled away are facts all the same.
    const question = `${verb} this, all of the ${screen.split("\n").length - 1} lines above? [y/N] `;
    return /^y(?:es)?$/i.test((await lines.question(question)).trim());
  } finally {
    lines.close();
  }
}

function elevated(verb: Verb, id: string, { uses, for: time, message, yes, json }: Options) {
  return [
    verb,
    ...(json === true ? ["--json"] : []),
    ...(yes === true ? ["--yes"] : []),
    ...(uses === undefined ? [] : ["--uses", uses]),
    ...(time === undefined ? [] : ["--for", time]),
    ...(message === undefined ? [] : [`--message=${message}`]),
    "--",
    id,
  ];
}

const UNITS = { s: 1, m: 60, h: 3600 } as const;
const [MOST_USES, MOST_SECONDS] = [100, 7 * 86_400];

function limitsIn({ uses = "1", for: time = "1h" }: Options): Limits | Failure {
  const [, number = "", unit = "s"] = /^([1-9]\d{0,5})([smh])$/.exec(time) ?? [];
  const seconds = Number(number) * UNITS[unit as keyof typeof UNITS];
  if (!(seconds > 0 && seconds <= MOST_SECONDS))
    return usage("--for takes 90s, 15m, 8h, up to 168h");
  if (!/^[1-9]\d{0,2}$/.test(uses) || Number(uses) > MOST_USES)
    return usage(`--uses takes a number from 1 to ${MOST_USES}`);
  return { uses: Number(uses), seconds };
}

function usage(cause: string): Failure {
  return { code: "usage", cause, hint: "sallyport approve --help", status: EXIT_STATUS.usage };
}

function tooLate(grant: AnyGrant | null, verb: Verb): Failure {
  const stands = grant?.stands ?? "gone";
  const cause = `it cannot be ${DONE[verb]}: it is ${stands}`;
  return { code: "busy", cause, hint: "sallyport grants", status: EXIT_STATUS.busy };
}

const NOT_CONFIRMED: Failure = {
  code: "not_confirmed",
  cause: "nothing was decided",
  hint: "sudo sallyport approve --yes ID",
  status: EXIT_STATUS.failed,
};
