/** `sallyport approve`, `deny`, `revoke`: a person decides, as root, with a password of their own. */
import { createInterface } from "node:readline/promises";
import type { Command } from "commander";
import { EXIT_STATUS, type Grant } from "../../protocol/reply.ts";
import { needsPassword } from "../grants/approver.ts";
import { settledAgainst } from "../grants/settled-against.ts";
import { changeGrant, standingGrants } from "../grants/store.ts";
import { untilIn } from "../grants/time-left.ts";
import { isLockedDown } from "../lockdown.ts";
import { isReason, NO_REASON, NOT_ON_RECORD, onRecord, personAsRoot } from "./as-root.ts";
import { onTerminal } from "./elevate.ts";
import { fail, type Failure } from "./errors.ts";
import { grantScreen } from "./grant-text.ts";
import { isGrantId, noSuchGrant, usingStore } from "./grants.ts";

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

type Decided = { id: string; verb: Verb; by: number };

async function decide(verb: Verb, id: string, options: Options): Promise<void> {
  const json = options.json === true;
  const limits = verb === "approve" ? limitsIn(options) : NONE;
  if ("cause" in limits) return fail(limits, { json });
  if (!isReason(options.message ?? "")) return fail(NO_REASON, { json });
  const words = elevated(verb, id, options);
  const by = await personAsRoot(words, { json, input: options.input !== false });
  if (by !== null) await decideOn(verb, id, by, options);
}

/** `by`: the user id of the person whom `personAsRoot` found. Prints what came of it. */
export async function decideOn(
  verb: Verb,
  id: string,
  by: number,
  options: Options,
): Promise<void> {
  const json = options.json === true;
  const { message: reason = "" } = options;
  const limits = verb === "approve" ? limitsIn(options) : NONE;
  if ("cause" in limits) return fail(limits, { json });
  if (!isGrantId(id)) return fail(noSuchGrant(id), { json });
  const standing = await usingStore(standingGrants);
  if ("cause" in standing) return fail(standing, { json });
  const grant = standing.find((one) => one.id === id);
  if (grant === undefined) return fail(noSuchGrant(id), { json });
  if (grant.stands !== STANDS_BEFORE[verb]) return fail(tooLate(grant.stands, verb), { json });
  if (verb === "approve" && !isClear(grant.subject)) return fail(UNCLEAR, { json });
  const never = verb === "approve" ? settledAgainst(grant.subject) : null;
  if (never !== null) return fail(settled(never), { json });
  const isLockedOut = (): boolean => verb === "approve" && isLockedDown();
  if (isLockedOut()) return fail(LOCKED_DOWN, { json });
  if (!(await isMeant(verb, grant, by, options))) return fail(NOT_CONFIRMED, { json });
  // Who reads takes their time.
  if (isLockedOut()) return fail(LOCKED_DOWN, { json });
  let recorded = true;
  const done = await usingStore(() =>
    changeGrant(
      id,
      STANDS_BEFORE[verb],
      (now) => changed(verb, { ...now, by, reason }, limits),
      async ({ uid }) =>
        (recorded = await onRecord(recordOf(verb, { id, uid, by, reason }, limits))),
    ),
  );
  if (typeof done === "object") return fail(done, { json });
  if (!recorded) return fail(NOT_ON_RECORD, { json });
  if (!done) return fail(tooLate("decided by somebody else", verb), { json });
  const decided: Decided = { id, verb, by };
  if (json) process.stdout.write(`${JSON.stringify({ v: 1, success: true, data: decided })}\n`);
  else process.stdout.write(`${DONE[verb]}\n`);
}

const DONE = { approve: "granted", deny: "denied", revoke: "revoked" } as const;
const STANDS_BEFORE = { approve: "pending", deny: "pending", revoke: "granted" } as const;
type Limits = { uses: number; seconds: number };
const NONE: Limits = { uses: 0, seconds: 0 };
/** So long the same wish cannot be asked for again. */
const DENIED_SECONDS = 86_400;

/** Null takes it away: then the same can be asked for again. */
function changed(verb: Verb, grant: Grant, { uses, seconds }: Limits): Grant | null {
  switch (verb) {
    case "approve":
      return { ...grant, stands: "granted", uses, until: untilIn(seconds) };
    case "deny":
      return { ...grant, stands: "denied", until: untilIn(DENIED_SECONDS) };
    case "revoke":
      return null;
    default:
      return verb satisfies never;
  }
}

function recordOf(
  verb: Verb,
  { id, uid, by, reason }: Pick<Grant, "id" | "uid" | "reason"> & { by: number },
  { uses, seconds }: Limits,
): string {
  const limits = verb === "approve" ? `, ${uses} use${uses === 1 ? "" : "s"} in ${seconds} s` : "";
  const why = reason === "" ? "" : `: ${reason}`;
  return `grant ${id} ${DONE[verb]} by uid ${by} for uid ${uid}${limits}${why}`;
}

/** What a step is must mean one thing: two readers of the same bytes could else each see another. */
function isClear(subject: string): boolean {
  if (!subject.startsWith("{")) return true;
  try {
    return JSON.stringify(JSON.parse(subject)) === subject;
  } catch {
    return false;
  }
}

const UNCLEAR: Failure = {
  code: "unsafe",
  cause: "what is asked for can be read in two ways, and so cannot be granted",
  hint: null,
  status: EXIT_STATUS.unsafe,
};

function settled(by: string): Failure {
  const cause = `nobody can grant this, by ${by}`;
  return { code: "not_allowed", cause, hint: null, status: EXIT_STATUS.not_allowed };
}

/** The facts are shown before the question, and the question is on the terminal. */
async function isMeant(verb: Verb, grant: Grant, by: number, options: Options): Promise<boolean> {
  const password = verb === "approve" ? await needsPassword(by) : true;
  const screen = await grantScreen(grant, { by, password });
  process.stderr.write(screen);
  if (options.yes === true) return true;
  if (options.input === false || !onTerminal()) return false;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // ^C and ^D are a no: without this the question would be asked for ever after ^D.
  const gone = new AbortController();
  lines.on("close", () => gone.abort());
  try {
    // Facts that have scrolled away are facts all the same.
    const question = `${verb} this, all of the ${screen.split("\n").length - 1} lines above? [y/N] `;
    const { signal } = gone;
    return /^y(?:es)?$/i.test((await lines.question(question, { signal })).trim());
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "AbortError") throw error;
    process.stderr.write("\n");
    return false;
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

function tooLate(stands: string, verb: Verb): Failure {
  const cause = `it cannot be ${DONE[verb]}: it is ${stands}`;
  return { code: "busy", cause, hint: "sallyport grants", status: EXIT_STATUS.busy };
}

const LOCKED_DOWN: Failure = {
  code: "locked_down",
  cause: "this host is locked down: nothing is granted until that is lifted",
  hint: "sudo sallyport lockdown off",
  status: EXIT_STATUS.locked_down,
};

const NOT_CONFIRMED: Failure = {
  code: "not_confirmed",
  cause: "nothing was decided",
  hint: "sudo sallyport approve --yes ID",
  status: EXIT_STATUS.failed,
};
