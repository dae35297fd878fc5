/** The client as the daemon uses it: every request has its row, its line in the log and its count. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Request } from "../../protocol/operation.ts";
import { asker } from "../asker.ts";
import { isRead, type Answer, type Client } from "../client.ts";
import { escapeLine } from "../escape.ts";
import { argvOf } from "../request.ts";
import type { Ledger } from "./ledger.ts";
import type { Log } from "./log.ts";
import { codeOf, operationOf, type Metrics } from "./metrics.ts";

/** From one answer to the next request, or to the end of the response. */
const SETTLE_MS = 100;

export type RecordedClient = Client & {
  /** Resolves when nothing is asked any more. */
  quiet(): Promise<void>;
  /** How many requests wait for their answer. */
  pending(): number;
};

export function recordedClient(
  client: Client,
  keep: { ledger: Ledger; log: Log; metrics: Metrics; heard: (answer: Answer) => void },
): RecordedClient {
  const { ledger, log, metrics, heard } = keep;
  let pending = 0;
  let waiting: (() => void)[] = [];
  const busy = (): boolean => pending > 0;

  async function ask(request: Request, watch?: Parameters<Client["ask"]>[1]): Promise<Answer> {
    const on = asker.getStore();
    const who = { client: on?.caller ?? "daemon", tool: on?.tool ?? null };
    const argv = argvOf(request);
    const operation = operationOf(request);
    const change = !isRead(request);
    const began = performance.now();
    // The daemon's own polls are no requests served.
    const id = on === undefined ? null : ledger.begin({ ...who, argv }, change);
    let answer: Answer;
    if (id === null && change) answer = { kind: "not_recorded" };
    else {
      pending += 1;
      try {
        answer = await client.ask(request, watch);
      } finally {
        pending -= 1;
        if (pending === 0) {
          for (const wake of waiting) wake();
          waiting = [];
        }
      }
      heard(answer);
    }
    const durationMs = performance.now() - began;
    const code = codeOf(answer);
    const requestId = requestIdOf(answer);
    if (id !== null) {
      // After `no_answer` the helper goes on: what became of it, only the audit log knows.
      const known = code !== "unknown_outcome" && code !== "no_answer";
      ledger.end(id, { code, durationMs, requestId, known });
    }
    metrics.answered(operation, answer, { durationMs, change });
    log[on === undefined && code === "ok" ? "debug" : levelOf(code)](
      {
        event: "request",
        client: escapeLine(who.client),
        tool: who.tool,
        argv: argv.map(escapeLine),
        code,
        durationMs: Math.round(durationMs),
        requestId,
      },
      operation,
    );
    return answer;
  }

  return {
    ask,
    restarts: () => client.restarts(),
    close: () => client.close(),
    pending: () => pending,
    async quiet() {
      while (busy()) {
        await new Promise<void>((wake) => waiting.push(wake));
        // What waits for its turn begins now, and an answer is on its way to whoever asked.
        await sleep(SETTLE_MS);
      }
    },
  };
}

function requestIdOf(answer: Answer): string | null {
  if (answer.kind === "reply") return answer.reply.requestId;
  return answer.kind === "unknown_outcome" ? answer.requestId : null;
}

/** Lost outcomes are for a person to look at; refusals are worth a warning. */
function levelOf(code: string): "info" | "warn" | "error" {
  if (code === "ok" || code === "failed") return "info";
  return ["unknown_outcome", "no_answer", "not_recorded", "internal"].includes(code)
    ? "error"
    : "warn";
}
