/** A few sessions that take turns; a request waits, in order, until one of them is free. */
import type { Answer, ClientFailure, Output } from "./client.ts";
import type { Session } from "./session.ts";

export type SessionPool = {
  ask(
    argv: readonly string[],
    seconds: number,
    watch: ((output: Output) => void) | undefined,
  ): Promise<Answer>;
  /** How many sessions had died, of which another was needed. */
  deaths(): number;
  /** Resolves when all sessions have ended, but for those in use: they end with their requests. */
  close(): Promise<void>;
};

export function sessionPool(
  most: number,
  open: () => Promise<Session | ClientFailure>,
): SessionPool {
  const idle: Session[] = [];
  const waiting: (() => void)[] = [];
  let free = most;
  let deaths = 0;
  let closed = false;

  async function session(): Promise<Session | ClientFailure> {
    for (let next = idle.pop(); next !== undefined; next = idle.pop()) {
      if (next.alive()) return next;
      deaths += 1;
    }
    return await open();
  }

  async function askOne(...asked: Parameters<Session["ask"]>): Promise<Answer> {
    // Twice, for a session may end by itself between two requests, but not one that has just begun.
    for (const last of [false, true]) {
      const found = await session();
      if ("kind" in found) return found;
      const answer = await found.ask(...asked);
      if (!found.alive() && answer.kind !== "unread") deaths += 1;
      else if (closed) void found.close();
      else if (found.alive()) idle.push(found);
      if (answer.kind !== "unread") return answer;
      if (last) return { kind: "bad_reply", reason: "its sessions end before they answer" };
    }
    throw new Error("unreachable");
  }

  return {
    ask: async (...asked) => {
      if (free === 0) await new Promise<void>((turn) => waiting.push(turn));
      else free -= 1;
      try {
        return await askOne(...asked);
      } finally {
        const next = waiting.shift();
        if (next === undefined) free += 1;
        else next();
      }
    },
    deaths: () => deaths,
    close: async () => {
      closed = true;
      await Promise.all(idle.splice(0).map((one) => one.close()));
    },
  };
}
