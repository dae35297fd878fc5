/** One session with the helper: one request at a time, and no reply is taken for that of another. */
import type { Readable, Writable } from "node:stream";
import type { Reply } from "../protocol/reply.ts";
import type { Output } from "./client.ts";
import { readLine, type Line } from "./session-line.ts";

/** More than the longest reply of the helper. */
const LINE_MAX_CHARACTERS = 1 << 22;

/** Both ends of what the helper reads and writes. */
export type Channel = { input: Writable; output: Readable };

export type SessionAnswer =
  | { kind: "reply"; reply: Reply }
  /** The session ended by itself before it read the request, which so has certainly not begun. */
  | { kind: "unread" }
  /** It was gone, or silent for too long, after the request was sent. */
  | { kind: "unknown_outcome"; requestId: string }
  | { kind: "bad_reply"; reason: string };

export type Session = {
  /** `seconds`: how long a reply is waited for. */
  ask(
    argv: readonly string[],
    seconds: number,
    watch: ((output: Output) => void) | undefined,
  ): Promise<SessionAnswer>;
  /** Whether it can be asked again. */
  alive(): boolean;
  /** No more requests; what has begun goes on. Resolves when the helper has ended the session. */
  close(): Promise<void>;
};

/** The session at the other end, or why there is none: null where it ended without a word. */
export async function openSession(
  { input, output }: Channel,
  seconds: number,
): Promise<Session | { reason: string } | null> {
  let alive = true;
  let receive: (line: Line | { kind: "gone" }) => void = () => close();
  const over = new Promise<void>((end) => output.once("close", end));

  function close(): void {
    alive = false;
    input.end();
  }
  function gone(): void {
    alive = false;
    receive({ kind: "gone" });
  }
  input.on("error", gone);
  output.on("error", gone).on("end", gone).on("close", gone);
  let held = "";
  output.setEncoding("utf8").on("data", (text: string) => {
    const parts = (held + text).split("\n");
    held = parts.pop() ?? "";
    for (const part of parts) receive(readLine(part));
    if (held.length <= LINE_MAX_CHARACTERS) return;
    held = "";
    receive({ kind: "bad", reason: "it is longer than any reply" });
  });

  /** The reply to a request (null: to whichever is first); whatever else comes ends the session. */
  function replyTo(
    requestId: string | null,
    wait: number,
    watch?: (output: Output) => void,
  ): Promise<SessionAnswer | null> {
    return new Promise((resolve) => {
      const settle = (answer: SessionAnswer | null): void => {
        clearTimeout(patience);
        receive = () => close();
        resolve(answer);
      };
      const lost = (): SessionAnswer | null =>
        requestId === null ? null : { kind: "unknown_outcome", requestId };
      const patience = setTimeout(() => {
        close();
        settle(lost());
      }, wait * 1000);
      receive = (line) => {
        switch (line.kind) {
          case "said":
            if (line.said.requestId === requestId) watch?.(line.said);
            return;
          case "reply":
            if (requestId === null || line.reply.requestId === requestId)
              return settle({ kind: "reply", reply: line.reply });
            close();
            return settle({ kind: "bad_reply", reason: "it is the reply to another request" });
          case "ended":
            close();
            return settle({ kind: "unread" });
          case "gone":
            return settle(lost());
          case "bad":
            close();
            return settle({ kind: "bad_reply", reason: line.reason });
          default:
            line satisfies never;
        }
      };
    });
  }

  const first = await replyTo(null, seconds);
  if (first === null) return null;
  const id = first.kind === "reply" ? /^(.+)\.0$/.exec(first.reply.requestId)?.[1] : undefined;
  if (id === undefined) {
    close();
    return { reason: first.kind === "bad_reply" ? first.reason : "it does not begin a session" };
  }
  let number = 0;
  return {
    ask: async (argv, wait, watch) => {
      number += 1;
      const requestId = `${id}.${number}`;
      const answer = replyTo(requestId, wait, watch);
      const asked = watch === undefined ? { argv } : { argv, stream: true };
      input.write(`${JSON.stringify(asked)}\n`);
      return (await answer) ?? { kind: "unknown_outcome", requestId };
    },
    alive: () => alive,
    close: async () => {
      close();
      await over;
    },
  };
}
