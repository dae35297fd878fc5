/** `sallyport policy explain`: what decides about one operation or step, and in which line. */
import type { Command } from "commander";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { ask } from "../client.ts";
import { quote } from "../escape.ts";
import { explainError, explainFailure } from "../explain.ts";
import { operationRuling, type OperationRuling } from "../grants/explain-policy.ts";
import {
  decidedByText,
  readSettled,
  ruling,
  STEP_KINDS,
  STEP_OPERATIONS,
  type DecidedBy,
  type SettledVerdict,
} from "../grants/settings.ts";
import { thisHost } from "../host.ts";
import { parseRequest } from "../request.ts";
import { fail, type Failure } from "./errors.ts";
import { tableText } from "./table.ts";

const MEANING: Record<SettledVerdict, string> = {
  never: "refused, and nobody can grant it",
  ask: "only with a person's grant",
  allowed: "without a person's grant",
};

export function registerPolicyExplain(policy: Command): void {
  policy
    .command("explain")
    .summary("what decides about one thing, and in which line of which file")
    .argument("<words...>", "service ACTION NAME, package ACTION [NAME], or step KIND [OPERATION]")
    .action(async (words: string[], _: object, command: Command) => {
      // The command above takes its own options wherever they stand.
      const { json, on } = command.optsWithGlobals<{ json?: true; on?: string }>();
      if (on === undefined) return await explain(words, json === true);
      fail(usage("it explains this host, and takes no --on"), { json: json === true });
    });
}

type Explained = {
  asked: string;
  verdict: SettledVerdict;
  decidedBy: OperationRuling["decidedBy"];
  helper: OperationRuling["helper"] | null;
  settings: OperationRuling["settings"];
};

async function explain(words: readonly string[], json: boolean): Promise<void> {
  const explained = words[0] === "step" ? stepRuling(words) : await wishRuling(words);
  if ("cause" in explained) return fail(explained, { json });
  process.stdout.write(
    json ? `${JSON.stringify({ v: 1, success: true, ...explained })}\n` : explainedText(explained),
  );
}

function stepRuling([, kind = "", operation = "run", ...more]: readonly string[]):
  | Explained
  | Failure {
  const known = STEP_KINDS.find((one) => one === kind);
  if (known === undefined)
    return usage(`no kind of step is called ${quote(kind)}; there is ${STEP_KINDS.join(", ")}`);
  if (more.length > 0 || !(STEP_OPERATIONS as readonly string[]).includes(operation))
    return usage(`what a ${kind} step does is one of ${STEP_OPERATIONS.join(", ")}`);
  const settings = ruling(readSettled(), known, operation);
  return { asked: `step ${kind} ${operation}`, ...settings, helper: null, settings };
}

async function wishRuling(words: readonly string[]): Promise<Explained | Failure> {
  const request = parseRequest(words);
  if (request === null || (request.kind !== "service" && request.kind !== "package"))
    return usage(`no operation is called ${words.map(quote).join(" ")}`);
  const asked = { kind: "policy" } as const;
  const answer = await ask(asked, thisHost());
  if (answer.kind !== "reply") return explainFailure(answer);
  const { error, data } = answer.reply;
  if (error !== null) return explainError(error, asked);
  if (data?.kind !== "policy") throw new Error("the helper answers something else");
  const wish = words.join(" ");
  return { asked: wish, ...operationRuling(wish, data, readSettled()) };
}

function explainedText({ asked, verdict, decidedBy, helper, settings }: Explained): string {
  const rows = [
    ...(helper === null ? [] : [["  helper", helper.verdict, byText(helper.decidedBy)]]),
    ...(settings === null ? [] : [["  settings", settings.verdict, byText(settings.decidedBy)]]),
  ];
  return `${asked}: ${MEANING[verdict]}\n${tableText(rows)}decided by ${byText(decidedBy)}\n`;
}

function byText(by: DecidedBy | { kind: "compiled_in" }): string {
  return by.kind === "compiled_in" ? "the policy compiled into the helper" : decidedByText(by);
}

function usage(cause: string): Failure {
  const hint = "sallyport policy explain --help";
  return { code: "usage", cause, hint, status: EXIT_STATUS.usage };
}
