/** The operator's process as the daemon asks it: every request has its row and its line in the log. */
import { asker } from "../asker.ts";
import { escapeLine } from "../escape.ts";
import { isFleetChange, wordsOf } from "../mcp/call.ts";
import type { FleetOperator } from "../mcp/context.ts";
import { operatorAt } from "../operator/call.ts";
import type { Ledger } from "./ledger.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";

export type RecordedOperator = {
  /** `socket`: where the operator's process listens. */
  at(socket: string): FleetOperator;
  /** Has nothing more begun; resolves when what was under way has been answered. */
  stop(): Promise<void>;
  pending(): number;
};

/** Whether a recorded request was about other hosts. */
export function isOfFleet(argv: readonly string[]): boolean {
  return argv[0] === "on";
}

export function recordedOperator(keep: {
  ledger: Ledger;
  log: Log;
  metrics: Metrics;
}): RecordedOperator {
  const { ledger, log, metrics } = keep;
  const running = new Set<Promise<unknown>>();
  const ending = new AbortController();

  async function ask(
    socket: string,
    ...[words, signal]: Parameters<FleetOperator>
  ): ReturnType<FleetOperator> {
    const { caller, tool } = asker.getStore() ?? { caller: "daemon", tool: null };
    const argv = wordsOf(words);
    const change = isFleetChange(words);
    const began = performance.now();
    const id = ledger.begin({ client: caller, tool, argv }, change);
    const answer =
      id === null && change
        ? ({ kind: "not_recorded" } as const)
        : await operatorAt(socket)(words, AbortSignal.any([signal, ending.signal]));
    const durationMs = performance.now() - began;
    const code = codeOf(answer);
    const lost = change && answer.kind === "lost";
    if (id !== null) ledger.end(id, { code, durationMs, requestId: null, known: !lost });
    if (lost) metrics.lostOfFleet();
    const level = lost || code === "not_recorded" ? "error" : code === "ok" ? "info" : "warn";
    log[level](
      {
        event: "fleet",
        client: escapeLine(caller),
        tool,
        argv: argv.map(escapeLine),
        code,
        durationMs: Math.round(durationMs),
      },
      words.ask,
    );
    return answer;
  }

  return {
    at: (socket) => (words, signal) => {
      const asked = ask(socket, words, signal);
      running.add(asked);
      const done = (): unknown => running.delete(asked);
      void asked.then(done, done);
      return asked;
    },
    async stop() {
      ending.abort();
      await Promise.allSettled(running);
    },
    pending: () => running.size,
  };
}

/** `ok`: every host answered as asked, or was known to be offline. */
function codeOf(answer: Awaited<ReturnType<FleetOperator>>): string {
  if (answer.kind !== "reply") return answer.kind;
  const { reply } = answer;
  if (reply.kind === "refused") return reply.code;
  if (reply.kind === "hosts") return "ok";
  const bad = reply.answers.filter(({ code }) => code !== null && code !== "offline");
  return bad.length === 0 ? "ok" : (bad[0]?.code ?? "failed");
}
