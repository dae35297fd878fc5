/** One call of a tool under way: asks the helper in the call's turn, and stops waiting when nobody waits. */
import type { Request } from "../../protocol/operation.ts";
import type { Answer, Output } from "../client.ts";
import { argvOf } from "../request.ts";
import type { McpContext } from "./context.ts";
import type { Progress } from "./progress.ts";
import { untrustedLine } from "./untrusted.ts";
import type { Code } from "./words.ts";

/** `busy`: too many changes wait already. */
export type Asked = Answer | { kind: "cancelled" | "busy" };

export type Call = {
  context: McpContext;
  /** Asks the helper; a change waits for its turn, and is not begun once the caller has gone. */
  ask(request: Request): Promise<Asked>;
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
  let last: Promise<Asked> = Promise.resolve(CANCELLED);

  async function now(request: Request): Promise<Asked> {
    if (signal.aborted) return CANCELLED;
    progress.say("started");
    // Output that nobody reads along need not be passed on.
    const watch = progress.listened ? ({ text }: Output) => progress.say(text) : undefined;
    return await context.client.ask(request, watch);
  }
  return {
    context,
    wish: () => wish,
    outcome: async () => codeOf(await last),
    async ask(request) {
      wish = untrustedLine(argvOf(request).join(" "));
      last = change
        ? (context.changes.run(() => now(request)) ?? Promise.resolve({ kind: "busy" }))
        : now(request);
      return await Promise.race([last, gone]);
    },
  };
}

function codeOf(asked: Asked): Code | null {
  return asked.kind === "reply" ? (asked.reply.error?.code ?? null) : asked.kind;
}
