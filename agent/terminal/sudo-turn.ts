/**
 * One password for all steps of a run. The first step tries it, alone; only when it was right do the others, each in
 * its own terminal, so that a wrong one is tried once and no account is locked by steps that run side by side.
 */
import { existsSync, readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { newMark, openSession, type Session } from "./session.ts";
import { askSudo, answerOf, type Asked } from "./sudo-question.ts";
import { refusalIn, type SudoRefusal } from "./sudo-refusal.ts";

/** Half of the shortest time that is worth a ticket, in seconds, where sudo does not say how long it keeps one. */
const UNKNOWN_SECONDS = 20;
const LONGEST_SECONDS = 50;

export type Ticket = {
  /** Seconds after which it is to be renewed. */
  renewal: number;
  /** Whether sudo lets this user run /bin/sh, with which root's parts of a step are ended. */
  anything: boolean;
};

type Tried =
  | { kind: "untried" }
  | { kind: "good"; ticket: Ticket }
  | { kind: "refused"; why: SudoRefusal };

export type Authenticated =
  | { kind: "ticket"; ticket: Ticket }
  | { kind: "refused"; why: SudoRefusal }
  /** The signal came first. */
  | { kind: "aborted" }
  /** The session died meanwhile. */
  | { kind: "lost" };

export type SudoTurn = {
  /** Gets a ticket for a session. */
  authenticate: (session: Session, signal: AbortSignal) => Promise<Authenticated>;
  /** Ends root's parts of a step whose session died before it could. */
  endRootParts: (mark: string) => Promise<void>;
  /** Zeroes the password. Removes this user's tickets where a session could not remove its own. */
  close: () => Promise<void>;
};

/** Takes the password over; `close` zeroes it, and nothing else does. Not for root, whom sudo asks for nothing. */
export function openSudoTurn(password: Buffer): SudoTurn {
  let tried: Tried = { kind: "untried" };
  let turn: Promise<unknown> = Promise.resolve();
  let lost = false;

  const first = async (session: Session, signal: AbortSignal): Promise<Tried> => {
    const obstacle = obstacleHere();
    if (obstacle !== null) return { kind: "refused", why: obstacle };
    const asked = await askSudo(session, password, userInfo().username, signal);
    if (asked.kind === "aborted") return { kind: "untried" };
    if (asked.kind === "refused") return { kind: "refused", why: asked.why };
    // Whether the password was right is not known, and it is not tried again to find out.
    if (asked.kind === "lost") return { kind: "refused", why: { kind: "no_answer", said: "" } };
    const flaw = await flawOf(session);
    return flaw === null ? await ticketOf(session) : { kind: "refused", why: flaw };
  };

  const later = async (session: Session, signal: AbortSignal): Promise<Asked> => {
    if (tried.kind === "refused") return { kind: "refused", why: tried.why };
    const asked = await askSudo(session, password, userInfo().username, signal);
    if (asked.kind === "refused") tried = { kind: "refused", why: asked.why };
    return asked;
  };

  const authenticate: SudoTurn["authenticate"] = async (session, signal) => {
    if (tried.kind === "untried") {
      const mine = turn.then(async () => {
        if (tried.kind !== "untried" || signal.aborted) return false;
        tried = await first(session, signal);
        return true;
      });
      turn = mine.catch(() => {});
      if (await mine) return outcome(tried);
    }
    if (signal.aborted) return { kind: "aborted" };
    // The one before may have been aborted.
    if (tried.kind === "untried") return await authenticate(session, signal);
    if (tried.kind === "refused") return outcome(tried);
    const { ticket } = tried;
    const asked = await later(session, signal);
    return asked.kind === "authenticated" ? { kind: "ticket", ticket } : asked;
  };

  const inSession = async (
    mark: string,
    use: (session: Session) => Promise<void>,
  ): Promise<void> => {
    const session = await openSession({
      mark,
      argv: [],
      env: {},
      cwd: "/",
      stdin: false,
      locked: true,
    });
    try {
      await use(session);
    } finally {
      await closeLeader(session);
      session.close();
    }
  };

  return {
    authenticate,
    endRootParts: async (mark) => {
      lost = true;
      if (tried.kind !== "good" || !tried.ticket.anything) return;
      await inSession(mark, async (session) => {
        const asked = await later(session, AbortSignal.timeout(60_000));
        if (asked.kind === "authenticated") session.leader?.say("root\nkill");
      });
    },
    close: async () => {
      if (lost)
        await inSession(newMark(), async (session) => void (await answerOf(session, "forget")));
      password.fill(0);
      tried = { kind: "refused", why: { kind: "closed" } };
    },
  };
}

function outcome(tried: Tried): Authenticated {
  if (tried.kind === "good") return { kind: "ticket", ticket: tried.ticket };
  return tried.kind === "refused" ? tried : { kind: "aborted" };
}

/** Has the leader remove its ticket and what is left of the step, and waits for its end. */
export async function closeLeader(session: Session): Promise<boolean> {
  session.warden.say("done");
  session.leader?.say("close");
  const late = setTimeout(() => {
    try {
      process.kill(-session.pid, "SIGKILL");
    } catch {
      // It has just ended.
    }
  }, CLOSE_MS);
  const { status } = await session.exit;
  clearTimeout(late);
  return status === 0;
}

/** More than root's sweep takes, with a host whose own name does not resolve. */
const CLOSE_MS = 20_000;

function obstacleHere(): SudoRefusal | null {
  if (!existsSync("/usr/bin/sudo")) return { kind: "no_sudo" };
  const status = readFileSync("/proc/self/status", "utf8");
  return /^NoNewPrivs:\t1$/m.test(status) ? { kind: "no_new_privs" } : null;
}

/** sudo's status where it would have to ask. */
const NO_TICKET = 1;

/** What is wrong with this user's tickets, as tried: no unprivileged program can read it in sudoers. */
async function flawOf(session: Session): Promise<SudoRefusal | null> {
  const unknown: SudoRefusal = { kind: "no_answer", said: "" };
  const own = await answerOf(session, "check");
  if (own.status !== 0) return own.status === NO_TICKET ? { kind: "no_tickets" } : unknown;
  const other = await openSession({
    mark: newMark(),
    argv: [],
    env: {},
    cwd: "/",
    stdin: false,
    locked: true,
  });
  try {
    const { status } = await answerOf(other, "check");
    if (status === 0) await answerOf(session, "forget");
    // A sudo that somebody has killed is no proof.
    if (status !== NO_TICKET) return status === 0 ? { kind: "tickets_shared" } : unknown;
  } finally {
    await closeLeader(other);
    other.close();
  }
  const nested = await answerOf(session, "nested");
  return nested.status === 0 ? null : { kind: "tickets_by_parent" };
}

async function ticketOf(session: Session): Promise<Tried> {
  const { lines, status } = await answerOf(session, "rules");
  const rules = lines.join("\n");
  // `sudo -v` of sudo-rs 0.2.5 looks neither at the account nor at targetpw nor at timestamp_timeout; this does.
  if (status !== 0) {
    const why: SudoRefusal = /(?:authentication|password) is required/.test(rules)
      ? { kind: "no_tickets" }
      : refusalIn(rules);
    return { kind: "refused", why };
  }
  const anything = (await answerOf(session, "shell")).status === 0;
  if (anything) {
    // Only running something proves that it can be run: the same build lists for an expired account.
    const proof = await answerOf(session, "prove");
    if (proof.status !== 0) return { kind: "refused", why: refusalIn(proof.lines.join("\n")) };
  }
  return { kind: "good", ticket: { renewal: renewalIn(rules), anything } };
}

/** `rules`: what `sudo -l` prints. sudo-rs does not print Defaults there. */
export function renewalIn(rules: string): number {
  const [minutes] = [...rules.matchAll(/timestamp_timeout=(-?[\d.]+)/g)]
    .map(([, value]) => Number(value))
    .slice(-1);
  if (minutes === undefined)
    return /^Matching Defaults/m.test(rules) ? LONGEST_SECONDS : UNKNOWN_SECONDS;
  return minutes < 0 ? LONGEST_SECONDS : Math.min(LONGEST_SECONDS, Math.max(1, minutes * 30));
}
