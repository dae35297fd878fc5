/**
 * Asks sudo for a ticket in a session in which nothing but sudo runs. The password goes to a socket that only sudo
 * reads, once, and after sudo has shown that it is sudo who asks: by a number that nobody else has been told.
 */
import { randomBytes } from "node:crypto";
import { signal as endNow } from "./leftovers.ts";
import type { Session } from "./session.ts";
import { refusalIn, type SudoRefusal } from "./sudo-refusal.ts";

/** Until sudo asks: a host whose own name does not resolve takes 5 s and more. */
const PROMPT_MS = 30_000;
/** Until sudo has decided: PAM may ask a directory far away. */
const VERDICT_MS = 120_000;
/** How long its last words may be under way, once it has ended. */
const SILENCE_MS = 1000;
/** Longest that is read of what sudo says. */
const SAID_MAX_CHARACTERS = 1 << 14;

export type Asked =
  | { kind: "authenticated" }
  | { kind: "refused"; why: SudoRefusal }
  | { kind: "aborted" }
  /** The session died before sudo had answered. */
  | { kind: "lost" };

/** `user`: whose password it is; sudo says whose it wants. Afterwards the terminal is paused, and nothing is unread. */
export async function askSudo(
  session: Session,
  password: Buffer,
  user: string,
  signal: AbortSignal,
): Promise<Asked> {
  if (signal.aborted) return { kind: "aborted" };
  // sudo-rs wraps the prompt in words of its own, so it is looked for within what is said.
  const nonce = randomBytes(16).toString("hex");
  const seen: Seen = { said: "", state: "waiting", whose: "" };
  const stop = (state: Seen["state"]): void => {
    seen.state = state;
    session.warden.say("stop");
  };
  const late = (): void => stop("late");
  const abort = (): void => stop("aborted");
  let timer = setTimeout(late, PROMPT_MS);
  const listen = (chunk: Buffer): void => {
    if (seen.said.length > SAID_MAX_CHARACTERS) return;
    seen.said += chunk.toString();
    const [first, second] = seen.said.split(`${nonce}:`).slice(1);
    // Whatever the language, it asks once more: the first answer was wrong.
    if (second !== undefined && seen.state === "sent") stop("again");
    if (seen.state !== "waiting" || first === undefined || !first.includes(":")) return;
    seen.whose = first.slice(0, first.indexOf(":"));
    if (seen.whose !== user) return stop("other");
    seen.state = "sent";
    clearTimeout(timer);
    timer = setTimeout(late, VERDICT_MS);
    send(session, password);
  };
  session.terminal.on("data", listen).resume();
  signal.addEventListener("abort", abort, { once: true });
  let answered = false;
  // Without the warden nothing could stop sudo any more.
  void session.warden.gone.then(() => answered || endNow(session.pid, "SIGKILL"));
  try {
    const { status } = await answerOf(session, "ask", nonce);
    if (status === null) return { kind: "lost" };
    await lastWords(session);
    return verdict(seen, status);
  } finally {
    answered = true;
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
    session.terminal.off("data", listen).pause();
  }
}

type Seen = {
  said: string;
  state: "waiting" | "sent" | "again" | "other" | "late" | "aborted";
  whose: string;
};

/** `status`: of sudo. */
function verdict({ said, state, whose }: Seen, status: number): Asked {
  const words = said
    .replaceAll(/(?:\[sudo: )?[0-9a-f]{32}:[^:]*:(?:\] Password: ?)?/g, "")
    .replaceAll(/[0-9a-f]{32}/g, "")
    .replaceAll("\r", "")
    .trim();
  switch (state) {
    case "aborted":
      return { kind: "aborted" };
    case "late":
      return refused({ kind: "no_answer", said: words });
    case "other":
      return refused({ kind: "password_of_another", user: whose });
    case "again":
      return refused({ kind: "wrong_password" });
    case "waiting":
      return refused(status === 0 ? { kind: "no_password_needed" } : refusalIn(words));
    case "sent":
      return status === 0 ? { kind: "authenticated" } : refused(refusalIn(words));
    default:
      return state satisfies never;
  }
}

/** Reads what is still under way on the terminal when nobody says more. */
async function lastWords(session: Session): Promise<void> {
  const end = randomBytes(16).toString("hex");
  let heard = "";
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, SILENCE_MS);
    session.terminal.on("data", function look(chunk: Buffer) {
      heard = (heard + chunk.toString("latin1")).slice(-2 * SAID_MAX_CHARACTERS);
      if (!heard.includes(end)) return;
      session.terminal.off("data", look);
      clearTimeout(timer);
      resolve();
    });
    session.putBehind(end);
  });
}

const refused = (why: SudoRefusal): Asked => ({ kind: "refused", why });

function send({ password: socket }: Session, password: Buffer): void {
  const line = Buffer.concat([password, Buffer.from("\n")]);
  socket?.write(line, () => line.fill(0));
}

export type Answer = { lines: string[]; status: number | null };

/** What the leader of a session answers to a word: the lines before it, and the status; null where it is gone. */
export async function answerOf({ leader }: Session, word: string, value = ""): Promise<Answer> {
  if (leader === null) throw new Error("the session is not locked");
  leader.say(`${word} ${value}`.trim());
  const lines: string[] = [];
  for (;;) {
    const line = await leader.hear();
    if (line === null) return { lines, status: null };
    const [, status] = ANSWER.exec(line) ?? [];
    if (status !== undefined) return { lines, status: Number(status) };
    lines.push(line);
  }
}

const ANSWER = /^(?:asked|checked|nested|ruled|shelled|proved|forgotten) (\d+)$/;
