/** Service and package steps: the helper decides and acts, and needs no password. */
import { replyText } from "../cli/reply-text.ts";
import type { Answer, Client } from "../client.ts";
import { explainFailure } from "../explain.ts";
import type { Request } from "../../protocol/operation.ts";
import type { ErrorCode } from "../../protocol/reply.ts";
import { ended } from "./engine.ts";
import type { Executed, Executor } from "./execution.ts";

export function helperSteps(client: Pick<Client, "ask">): Executor {
  return async ({ step, signal, output }) => {
    if (step.act.kind !== "request") throw new Error(`${step.id} is no request`);
    const { request } = step.act;
    const began = performance.now();
    const gone = new Promise<"gone">((resolve) => {
      if (signal.aborted) resolve("gone");
      else signal.addEventListener("abort", () => resolve("gone"), { once: true });
    });
    const asked = client.ask(request, ({ text }) => void output(text));
    const answer = await Promise.race([asked, gone]);
    const durationMs = performance.now() - began;
    if (answer !== "gone") return { ...executed(answer, request), durationMs };
    // A package transaction that is cut off would be worse than one that is not wanted any more.
    const end = ended("cancelled", "it was asked for already: what the helper began, it finishes");
    return { ...end, durationMs };
  };
}

/** Refused: nothing was done. All others have run, or may have. */
const REFUSED: readonly ErrorCode[] = ["not_allowed", "grant_required", "not_root", "locked_down"];

function executed(answer: Answer, request: Request): Executed {
  if (answer.kind !== "reply") return ended("failed", explainFailure(answer).cause);
  const { reply } = answer;
  const { error, exitCode, truncated, durationMs } = reply;
  const said = reply.stderr === "" ? reply.stdout : reply.stderr;
  const state =
    error === null
      ? "succeeded"
      : error.code === "timeout"
        ? "timed-out"
        : REFUSED.includes(error.code)
          ? "denied"
          : "failed";
  return {
    state,
    exitStatus: exitCode,
    signal: null,
    output:
      error === null && (reply.data !== null || said === "") ? replyText(request, reply) : said,
    truncated,
    durationMs,
    reason: error === null ? "" : error.message,
    castSha256: null,
  };
}
