/** One call of a tool under way: asks the helper in the call's turn, and stops waiting when nobody waits. */
import type { Request } from "../../protocol/operation.ts";
import { asker } from "../asker.ts";
import { isRead, type Answer, type Output } from "../client.ts";
import type { OperatorWords } from "../operator/wire.ts";
import { argvOf, parseRequest } from "../request.ts";
import type { FleetOperator, McpContext } from "./context.ts";
import type { Progress } from "./progress.ts";
import { untrustedLine } from "./untrusted.ts";
import type { Code } from "./words.ts";

/** `busy`: too many changes wait already. */
export type Asked = Answer | { kind: "cancelled" | "busy" };

export type FleetAsked = Awaited<ReturnType<FleetOperator>> | { kind: "cancelled" | "busy" };

export type Call = {
  context: McpContext;
  /** Aborted when the caller stops waiting. */
  signal: AbortSignal;
  /** Asks the helper; a change waits for its turn, and is not begun once the caller has gone. */
  ask(request: Request): Promise<Asked>;
  /** Asks an operator's process about other hosts, in the same way. */
  askFleet(words: OperatorWords): Promise<FleetAsked>;
};

const CANCELLED = { kind: "cancelled" } as const;

/** A call as server.ts sees it. */
export type OwnCall = Call & {
  /** What was asked last, in words; null if nothing was. */
  wish(): string | null;
  /** What came of it, null if it went well. For a cancelled call that is known later than its answer. */
  outcome(): Promise<Code | null>;
};

/** `signal`: aborted when the caller stops waiting. */
export function beginCall(
  context: McpContext,
  change: boolean,
  signal: AbortSignal,
  progress: Progress,
): OwnCall {
  const gone = new Promise<typeof CANCELLED>((resolve) => {
    if (signal.aborted) resolve(CANCELLED);
    else signal.addEventListener("abort", () => resolve(CANCELLED), { once: true });
  });
  let wish: string | null = null;
  // Asked for only after a cancelled call: what else becomes of a promise is for whoever waits for it.
  let last = async (): Promise<Code | null> => await Promise.resolve("cancelled" as const);

  async function now(request: Request): Promise<Asked> {
    if (signal.aborted) return CANCELLED;
    progress.say("started");
    // Output that nobody reads along need not be passed on.
    const watch = progress.listened ? ({ text }: Output) => progress.say(text) : undefined;
    return await context.client.ask(request, watch);
  }
  async function fleetNow(words: OperatorWords): Promise<FleetAsked> {
    if (signal.aborted) return CANCELLED;
    const operator = context.fleet();
    if (operator === null) return { kind: "not_there" };
    progress.say("started");
    const { caller, tool } = asker.getStore() ?? { caller: "unnamed", tool: "none" };
    return await operator({ ...words, for: { caller: untrustedLine(caller), tool } }, signal);
  }

  return {
    context,
    signal,
    wish: () => wish,
    outcome: () => last(),
    async ask(request) {
      wish = untrustedLine(argvOf(request).join(" "));
      const asked: Promise<Asked> = change
        ? (context.changes.run(() => now(request)) ?? Promise.resolve({ kind: "busy" }))
        : now(request);
      last = async () => codeOf(await asked);
      return await Promise.race([asked, gone]);
    },
    async askFleet(words) {
      wish = untrustedLine(wordsOf(words).join(" "));
      const asked: Promise<FleetAsked> = isFleetChange(words)
        ? (context.fleetChanges.run(() => fleetNow(words)) ?? Promise.resolve({ kind: "busy" }))
        : fleetNow(words);
      last = async () => fleetCodeOf(await asked);
      return await Promise.race([asked, gone]);
    },
  };
}

/** The words by which a request to other hosts is recorded: which hosts first. */
export function wordsOf(words: OperatorWords): string[] {
  return ["on", words.on, ...(words.ask === "hosts" ? ["hosts"] : words.argv)];
}

/** Whether a request to other hosts may change something there. */
export function isFleetChange(words: OperatorWords): boolean {
  const request = words.ask === "hosts" ? null : parseRequest(words.argv);
  return request !== null && !isRead(request);
}

function fleetCodeOf(asked: FleetAsked): Code | null {
  switch (asked.kind) {
    case "reply":
      return null;
    case "not_there":
      return "unavailable";
    case "lost":
      return "unknown_outcome";
    case "bad_reply":
    case "busy":
    case "cancelled":
    case "not_recorded":
      return asked.kind;
    default:
      return asked satisfies never;
  }
}

function codeOf(asked: Asked): Code | null {
  return asked.kind === "reply" ? (asked.reply.error?.code ?? null) : asked.kind;
}
