/** Steps outside of the sandbox: each waits until a person has granted exactly what it is, and uses that grant up. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Grant } from "../../protocol/reply.ts";
import type { Answer, Client } from "../client.ts";
import { explainError, explainFailure } from "../explain.ts";
import { decidedByText } from "../grants/settings.ts";
import type { Request } from "../../protocol/operation.ts";
import { ended } from "./engine.ts";
import type { Admission, Gate } from "./execution.ts";
import { grantWait } from "./grant-wait.ts";
import { ROOTS_OWN, stepRulings } from "./preflight.ts";
import { castFolder } from "./state-folder.ts";
import { stepFacts, type Facts, type RunFacts } from "./step-facts.ts";
import { runUnlocked } from "./terminal-steps.ts";

export type Unsandboxed = RunFacts & {
  client: Pick<Client, "ask">;
  /** Of the runs that are remembered. */
  folder: string;
  /** Whatever an agent says why; shown below the facts. */
  claim: string;
  /** Has a person on this terminal decide; false: nobody did. */
  decide: (step: string, id: string) => Promise<boolean>;
};

export function unsandboxedSteps(work: Unsandboxed): Gate {
  return async (execution) => {
    const { step } = execution;
    const denied = (why: string): Admission => ({ kind: "ended", end: ended("denied", why) });
    if (process.geteuid?.() === 0) return denied(ROOTS_OWN);
    const { verdict, decidedBy } = stepRulings()(step);
    if (verdict === "never") return denied(`refused for good by ${decidedByText(decidedBy)}`);
    const held = join(castFolder(work.folder, work.run), `${step.id}.held`);
    const facts = stepFacts(execution, work, held);
    const forget = (): void => rmSync(held, { recursive: true, force: true });
    if ("flaw" in facts) {
      forget();
      return denied(`nobody can grant it: ${facts.flaw}`);
    }
    const admission =
      verdict === "allowed"
        ? await onRecord(work, step.id, decidedByText(decidedBy))
        : await granted(work, step.id, facts);
    if (admission !== "granted") {
      forget();
      return admission;
    }
    const run = async () => await runUnlocked(execution, facts).finally(forget);
    return { kind: "go", run };
  };
}

/** Root lets it run without anybody: that it does is on record, or it does not. */
async function onRecord(
  { client, run }: Unsandboxed,
  step: string,
  by: string,
): Promise<"granted" | Admission> {
  const text = `workflow ${run} step ${step} outside of the sandbox, allowed by ${by}`;
  const answer = await client.ask({ kind: "report", text });
  return answer.kind === "reply" && answer.reply.error === null
    ? "granted"
    : { kind: "waits", why: causeOf(answer, { kind: "report", text }) };
}

async function granted(
  work: Unsandboxed,
  step: string,
  { subject }: Facts,
): Promise<"granted" | Admission> {
  const { client, claim, decide } = work;
  const wish = { kind: "grant", action: "request", subject, claim } as const;
  let [answer, grant] = await asked(client, wish);
  if (grant?.stands === "pending" && (await decide(step, grant.id)))
    [answer, grant] = await asked(client, wish);
  if (grant === null) return { kind: "waits", why: causeOf(answer, wish) };
  const { id, stands, reason } = grant;
  if (stands === "denied")
    return {
      kind: "ended",
      end: ended("denied", `a person has denied it${reason === "" ? "" : `: ${reason}`}`),
    };
  if (stands === "pending") return { kind: "waits", why: grantWait(id) };
  const use = { kind: "grant", action: "use", subject } as const;
  const used = await client.ask(use);
  if (used.kind === "reply" && used.reply.error === null) return "granted";
  // Another process was faster, or it was taken back: it is asked for anew by whoever resumes the run.
  return { kind: "waits", why: causeOf(used, use) };
}

async function asked(
  client: Unsandboxed["client"],
  wish: Request,
): Promise<[Answer, Grant | null]> {
  const answer = await client.ask(wish);
  const data = answer.kind === "reply" ? answer.reply.data : null;
  return [answer, data?.kind === "grant" ? (data.grants[0] ?? null) : null];
}

function causeOf(answer: Answer, request: Request): string {
  if (answer.kind !== "reply") return explainFailure(answer).cause;
  const { error } = answer.reply;
  return error === null
    ? "the helper does not say what came of it"
    : explainError(error, request).cause;
}
