/** `sallyport request`, `pending`, `grants`, `show`: what waits for a person, and what came of it. */
import { dirname } from "node:path";
import type { Command } from "commander";
import { EXIT_STATUS, GRANTS, type Grant } from "../../protocol/reply.ts";
import { ask } from "../client.ts";
import { quote } from "../escape.ts";
import { explainError, explainFailure } from "../explain.ts";
import { standingGrants, StoreUnusable } from "../grants/store.ts";
import { thisHost } from "../host.ts";
import { parseRequest } from "../request.ts";
import { fail, type Failure } from "./errors.ts";
import { grantScreen, grantsText } from "./grant-text.ts";

type Options = { json?: true };

export function registerGrantCommands(program: Command): void {
  program
    .command("request")
    .summary("ask a person for a request that needs a grant")
    .argument("<words...>", "the request: service stop ssh")
    .option("--why <text>", "shown to the person as your claim", "")
    .action((words: string[], options: Options & { why: string }) => request(words, options));
  program
    .command("pending")
    .summary("what waits for a person (as root: of every user)")
    .action((options: Options) => list((grant) => grant.stands === "pending", options));
  program
    .command("grants")
    .summary("what people decided, and what is left of it (as root: of every user)")
    .action((options: Options) => list((grant) => grant.stands !== "pending", options));
  program
    .command("show")
    .summary("all that a person decides on")
    .argument("<id>", "as pending lists it")
    .action((id: string, options: Options) => show(id, options));
}

async function request(
  words: readonly string[],
  { why, ...options }: Options & { why: string },
): Promise<void> {
  // Who mistypes should not have to wait for a person to find out.
  if (parseRequest(words) === null) return fail(NO_REQUEST, { json: options.json === true });
  const found = await askHelper(["grant", "request", words.join(" "), why]);
  if ("cause" in found) return fail(found, { json: options.json === true });
  print(found, options, (grants) => grants.map(({ id, stands }) => `${id} ${stands}\n`).join(""));
}

async function list(wanted: (grant: Grant) => boolean, options: Options): Promise<void> {
  const found = await findGrants();
  if ("cause" in found) return fail(found, { json: options.json === true });
  print(found.filter(wanted), options, grantsText);
}

async function show(id: string, options: Options): Promise<void> {
  if (!isGrantId(id)) return fail(noSuchGrant(id), { json: options.json === true });
  const found = await findGrants();
  if ("cause" in found) return fail(found, { json: options.json === true });
  const grant = found.find((one) => one.id === id);
  if (grant === undefined) return fail(noSuchGrant(id), { json: options.json === true });
  const screen = await grantScreen(grant, { by: null, password: true });
  print([grant], options, () => screen);
}

function print(
  grants: readonly Grant[],
  { json }: Options,
  text: (grants: readonly Grant[]) => string,
): void {
  const data = { kind: "grant", grants };
  process.stdout.write(
    json === true ? `${JSON.stringify({ v: 1, success: true, data })}\n` : text(grants),
  );
}

/** As root everybody's, else one's own. */
async function findGrants(): Promise<Grant[] | Failure> {
  if (process.geteuid?.() !== 0) return await askHelper(["grant", "check"]);
  return await usingStore(standingGrants);
}

/** What came of it, or why what waits for a person cannot be used. */
export async function usingStore<T>(use: () => T | Promise<T>): Promise<T | Failure> {
  try {
    return await use();
  } catch (error) {
    if (hasNoRoom(error)) return NO_ROOM;
    if (!(error instanceof StoreUnusable)) throw error;
    const hint = `ls -lR ${GRANTS}`;
    return { code: "unsafe", cause: error.message, hint, status: EXIT_STATUS.unsafe };
  }
}

const NO_ROOM: Failure = {
  code: "internal",
  cause: "there is no room on the disk for it, and it is not done",
  hint: `df ${dirname(GRANTS)}; df -i ${dirname(GRANTS)}`,
  status: EXIT_STATUS.internal,
};

function hasNoRoom(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOSPC" || code === "EDQUOT";
}

async function askHelper(words: readonly string[]): Promise<Grant[] | Failure> {
  const asked = parseRequest(words);
  if (asked === null) return NO_REQUEST;
  const answer = await ask(asked, thisHost());
  if (answer.kind !== "reply") return explainFailure(answer);
  const { error, data } = answer.reply;
  if (error !== null) return explainError(error, asked);
  return data?.kind === "grant" ? data.grants : [];
}

const NO_REQUEST: Failure = {
  code: "usage",
  cause: "these words are no request that a policy could have",
  hint: "sallyport policy",
  status: EXIT_STATUS.usage,
};

export function isGrantId(id: string): boolean {
  return /^[0-9a-f]{32}$/.test(id);
}

export function noSuchGrant(id: string): Failure {
  const cause = `nothing that waits or was granted is called ${quote(id)}`;
  return { code: "usage", cause, hint: "sallyport pending", status: EXIT_STATUS.usage };
}
