/** `sallyport watch`: what waits for a person and what was decided, as it changes; on a terminal with keys to decide. */
import type { Command } from "commander";
import type { Grant } from "../../protocol/reply.ts";
import { standingGrants } from "../grants/store.ts";
import { personAsRoot } from "./as-root.ts";
import { decideOn } from "./decide.ts";
import { fail, type Failure } from "./errors.ts";
import { grantScreen, grantsText } from "./grant-text.ts";
import { usingStore } from "./grants.ts";
import { watchOnTerminal } from "./watch-screen.ts";

/** Between two looks: what came and went in between is in the audit log alone. */
const LOOK_MS = 1000;

type Options = {
  json?: true;
  /** False with --no-input. */
  input?: boolean;
};

export function registerWatch(program: Command): void {
  program
    .command("watch")
    .summary("what waits for a person, as it changes (run by an administrator)")
    .action((options: Options) => watch(options));
}

async function watch({ json: asJson, input = true }: Options): Promise<void> {
  const json = asJson === true;
  const words = ["watch", ...(json ? ["--json"] : []), ...(input ? [] : ["--no-input"])];
  const by = await personAsRoot(words, { json, input });
  if (by === null) return;
  const { stdin, stdout, env } = process;
  const flaw =
    stdin.isTTY && stdout.isTTY && input && !json && env["TERM"] !== "dumb"
      ? await watchOnTerminal(stdin, stdout, {
          look: () => usingStore(standingGrants),
          every: LOOK_MS,
          facts: (grant) => grantScreen(grant, { by, password: true }),
          decide: (verb, id) => decideOn(verb, id, by, {}),
          colours: (env["NO_COLOR"] ?? "") === "",
        })
      : await printChanges(json);
  if (flaw !== null) fail(flaw, { json });
}

/** A line for each that is there, comes, changes or goes, until a signal; or why they cannot be seen any more. */
async function printChanges(json: boolean): Promise<Failure | null> {
  const known = new Map<string, Grant>();
  const say = (event: "stands" | "gone", grant: Grant): void => {
    const fields = event === "stands" ? { event, grant } : { event, id: grant.id };
    const text = event === "stands" ? grantsText([grant]) : `${grant.id}  gone\n`;
    process.stdout.write(json ? `${JSON.stringify({ v: 1, ...fields })}\n` : text);
  };
  for (;;) {
    const found = await usingStore(standingGrants);
    if ("cause" in found) return found;
    const ids = new Set(found.map(({ id }) => id));
    for (const grant of known.values())
      if (!ids.has(grant.id)) {
        known.delete(grant.id);
        say("gone", grant);
      }
    for (const grant of found) {
      const before = known.get(grant.id);
      known.set(grant.id, grant);
      if (before === undefined || JSON.stringify(before) !== JSON.stringify(grant))
        say("stands", grant);
    }
    await new Promise((later) => setTimeout(later, LOOK_MS));
  }
}
