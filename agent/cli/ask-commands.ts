/** `sallyport service`, `package` and `policy`: one request to the helper each. */
import type { Command } from "commander";
import {
  NAMED_PACKAGE_ACTIONS,
  SERVICE_ACTIONS,
  SYSTEM_PACKAGE_ACTIONS,
} from "../../protocol/operation.ts";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { ask, askWords, PATIENCE } from "../client.ts";
import { explainError, explainFailure } from "../explain.ts";
import { quote } from "../escape.ts";
import { thisHost } from "../host.ts";
import { parseRequest } from "../request.ts";
import { fail, failureText, type Failure } from "./errors.ts";
import type { MaybeFleetOptions } from "./fleet-run.ts";
import { acceptFleetOptions } from "./host-options.ts";
import { registerPolicyExplain } from "./policy-explain.ts";
import { outputText, replyText } from "./reply-text.ts";

const ON = "ask the helpers of these hosts of the inventory, over SSH";

export function registerAskCommands(program: Command): void {
  acceptFleetOptions(program.command("service"), ON)
    .summary("start, stop or look at a service")
    .argument("<action>", SERVICE_ACTIONS.join(", "))
    .argument("<name>", "a service of the policy")
    .action((action: string, name: string, options: MaybeFleetOptions) =>
      answer(["service", action, name], options),
    );
  acceptFleetOptions(program.command("package"), ON)
    .summary("install, remove or look at a package")
    .argument(
      "<action>",
      `${NAMED_PACKAGE_ACTIONS.join(", ")} with a name; ${SYSTEM_PACKAGE_ACTIONS.join(", ")} without`,
    )
    .argument("[name]", "a package of the policy")
    .action((action: string, name: string | undefined, options: MaybeFleetOptions) =>
      answer(["package", action, ...(name === undefined ? [] : [name])], options),
    );
  const policy = acceptFleetOptions(program.command("policy"), ON)
    .summary("what may be asked for, as the helper on this host tells it")
    .action((options: MaybeFleetOptions) => answer(["policy"], options));
  registerPolicyExplain(policy);
}

async function answer(words: readonly string[], options: MaybeFleetOptions): Promise<void> {
  const json = options.json === true;
  const request = parseRequest(words);
  const { on } = options;
  if (on !== undefined && request !== null) {
    const { requestOnFleet } = await import("./fleet-request.ts");
    return await requestOnFleet(request, { ...options, on });
  }
  if (request === null && on === undefined) {
    // What is wrong can be said better here, but an administrator wants to see who tried it.
    await askWords(words, PATIENCE.read, thisHost());
  }
  if (request === null) return fail(usage(words), { json });

  const given = await ask(request, thisHost());
  if (given.kind !== "reply") return fail(explainFailure(given), { json });

  const { reply } = given;
  if (json) process.stdout.write(`${JSON.stringify(reply)}\n`);
  else if (reply.error === null) process.stdout.write(replyText(request, reply));
  else {
    // What the program said comes first, so that the cause and the hint are the last lines.
    process.stderr.write(outputText(reply.stderr === "" ? reply.stdout : reply.stderr));
    process.stderr.write(failureText(explainError(reply.error, request)));
  }
  process.exitCode = reply.error === null ? 0 : EXIT_STATUS[reply.error.code];
}

/** Says which of the words made this no request. */
function usage([kind, action, name]: readonly string[]): Failure {
  const actions: readonly string[] =
    kind === "service"
      ? SERVICE_ACTIONS
      : name === undefined
        ? SYSTEM_PACKAGE_ACTIONS
        : NAMED_PACKAGE_ACTIONS;
  const named = name === undefined ? "without a name" : "with a name";
  const where = kind === "package" ? ` ${named}` : "";
  const cause = !actions.includes(action ?? "")
    ? `no ${kind} action${where} is called ${quote(action ?? "")}; there is ${actions.join(", ")}`
    : name === ""
      ? "the name is empty"
      : "the name is longer than any name is";
  return { code: "usage", cause, hint: `sallyport ${kind} --help`, status: EXIT_STATUS.usage };
}
