/** The one place that words why a workflow is not run, and what helps. */
import { explainSandboxRefusal, refusedFor } from "../sandbox/explain.ts";
import { noSandbox } from "../workflow/parts.ts";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { isHarmless } from "../escape.ts";
import type { InputFlaw } from "../workflow/inputs.ts";
import type { PlannedStep } from "../workflow/plan.ts";
import { ROOTS_OWN, type Obstacle } from "../workflow/preflight.ts";
import type { Claim } from "../workflow/store.ts";
import type { Failure } from "./errors.ts";
import type { Password } from "./password.ts";

/** A word as a shell takes it for itself. */
function shellWord(word: string): string {
  return isHarmless(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

export function usage(cause: string, command = "run"): Failure {
  return {
    code: "usage",
    cause,
    hint: `sallyport ${command} --help`,
    status: EXIT_STATUS.usage,
  };
}

export function obstacleFailure(obstacle: Obstacle): Failure {
  const { kind, steps } = obstacle;
  const names = steps.map(({ id }) => id).join(", ");
  const status = EXIT_STATUS.not_allowed;
  switch (kind) {
    case "not_allowed":
      return {
        code: kind,
        cause: `refused for good by ${obstacle.decidedBy}: ${names}`,
        hint: "sallyport policy explain step unsandboxed",
        status,
      };
    case "roots_own":
      return {
        code: "not_allowed",
        cause: `${ROOTS_OWN}: ${names}`,
        hint: "sudo -u USER sallyport run FILE",
        status,
      };
    case "unsandboxed": {
      const why = noSandbox();
      const { cause, hint } =
        why === null ? { cause: "there is no sandbox", hint: null } : explainSandboxRefusal(why);
      return { code: kind, cause: `${cause}: ${names}`, hint: hint ?? commandOf(steps), status };
    }
    case "code_refused":
      return {
        code: kind,
        cause: `the code is refused, and nothing was run: ${names}: ${refusedFor(obstacle.examined)}`,
        hint: codeRulesOf(steps),
        status,
      };
    case "no_terminals":
      return {
        code: "unavailable",
        cause: `there are no terminals for sudo in this program: ${names}`,
        hint: null,
        status: EXIT_STATUS.unavailable,
      };
    default:
      return kind satisfies never;
  }
}

function codeRulesOf([step]: readonly PlannedStep[]): string | null {
  if (step?.act.kind !== "code") return null;
  return `sallyport exec --language ${step.act.language} --explain`;
}

/** What a person may run instead, who sees what it is. */
function commandOf([step]: readonly PlannedStep[]): string | null {
  if (step?.act.kind !== "run") return null;
  return step.act.argv.map(shellWord).join(" ");
}

export function inputFailure(flaws: readonly InputFlaw[]): Failure {
  const [first] = flaws;
  return {
    code: "usage",
    cause: flaws.map(({ name, cause }) => `input ${name}: ${cause}`).join("; "),
    hint: first === undefined ? null : `sallyport run FILE --input ${first.name}=VALUE`,
    status: EXIT_STATUS.usage,
  };
}

/** `words`: the command as it was given. */
export function noPassword(
  what: string,
  given: Exclude<Password, { kind: "password" }>,
  words: readonly string[],
): Failure {
  const again = ["sallyport", ...words].map(shellWord).join(" ");
  switch (given.kind) {
    case "no_terminal":
      return {
        code: "password_required",
        cause: `${what} is needed, and there is no terminal to ask on: run it in one, or give --password-fd`,
        hint: again,
        status: EXIT_STATUS.busy,
      };
    case "none":
      return {
        code: "cancelled",
        cause: `no ${what.replace(/^(?:a|the) /, "")} was given, so nothing was run`,
        hint: again,
        status: 130,
      };
    case "unreadable":
      return {
        code: "password_required",
        cause: `${what} cannot be read (${given.code})`,
        hint: again,
        status: EXIT_STATUS.busy,
      };
    case "too_long":
      return {
        code: "password_required",
        cause: `${what} is longer than 1,024 bytes`,
        hint: again,
        status: EXIT_STATUS.busy,
      };
    default:
      return given satisfies never;
  }
}

export function noRun(run: string): Failure {
  return {
    code: "no_such_run",
    cause: `no run is called ${run}`,
    hint: "sallyport runs",
    status: EXIT_STATUS.usage,
  };
}

export function claimFailure(claim: Exclude<Claim, "claimed">, run: string): Failure {
  switch (claim) {
    case "none":
      return noRun(run);
    case "busy":
      return {
        code: "busy",
        cause: `another process runs ${run}`,
        hint: `sallyport runs ${run}`,
        status: EXIT_STATUS.busy,
      };
    case "over":
      return {
        code: "over",
        cause: `${run} is over: there is nothing left to run`,
        hint: `sallyport runs ${run}`,
        status: EXIT_STATUS.usage,
      };
    default:
      return claim satisfies never;
  }
}

export function storeFailure(flaw: string): Failure {
  return {
    code: "internal",
    cause: `runs cannot be remembered, so none is begun: ${flaw}`,
    hint: null,
    status: EXIT_STATUS.internal,
  };
}

export function damagedPlan(run: string): Failure {
  return {
    code: "internal",
    cause: `the plan of ${run} is not the one that was written down`,
    hint: `sallyport cancel ${run}`,
    status: EXIT_STATUS.internal,
  };
}

export function changedSince(run: string, what: string): Failure {
  return {
    code: "not_allowed",
    cause: `${what} since ${run} was begun, so what was authorised is another thing`,
    hint: `sallyport cancel ${run}`,
    status: EXIT_STATUS.not_allowed,
  };
}
