/** Runs one step of a workflow in a terminal of its own, and leaves nothing of it behind: no process, no ticket. */
import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { openCast, type Cast } from "./cast.ts";
import { endLeftovers, MARK_VARIABLE, signal as send } from "./leftovers.ts";
import { newMark, openSession, type Session, type SessionExit } from "./session.ts";
import { stepOutput } from "./step-output.ts";
import type { SudoRefusal } from "./sudo-refusal.ts";
import { closeLeader, type Authenticated, type SudoTurn, type Ticket } from "./sudo-turn.ts";

export type TerminalStep = {
  /** Run by execve(2), looked for in the PATH of `env`; a shell's text only where the author wrote one. */
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
  cwd: string;
  /** Bytes for standard input, or null: /dev/null. Either way nobody answers on the terminal. */
  stdin: Buffer | null;
  /** Shared by the steps of a run; null: no ticket of sudo for this one. */
  sudo: SudoTurn | null;
  timeoutMs: number;
  signal: AbortSignal;
  /** Shown nowhere, of whatever bytes; see redaction.ts. */
  secrets: readonly Buffer[];
  /** An asciicast v3 that must not be there yet, or null. */
  castFile: string | null;
  /** Live; lines end with a line feed alone. Resolves when the consumer can take more. */
  output: (text: string) => void | Promise<void>;
};

export type TerminalEnd =
  | { kind: "exited"; status: number }
  | { kind: "signalled"; signal: string }
  | { kind: "cancelled" }
  | { kind: "timed-out" }
  /** The step did not start. */
  | { kind: "refused"; why: SudoRefusal }
  /** How the step ended is not known, or it could not be started; everything of it has been ended. */
  | { kind: "lost"; reason: string };

export type TerminalResult = {
  end: TerminalEnd;
  /** Its beginning and its end, where there was more. */
  output: string;
  truncated: boolean;
  /** Of the whole output, in UTF-8. */
  bytes: number;
  /** From the start of the step's program to its end; 0 where it did not start. */
  durationMs: number;
  /** SHA-256 of the finished recording, lowercase hex. */
  castSha256: string | null;
};

/** Throws where the recording cannot be written, for what is no environment variable, and what `output` throws. */
export async function runInTerminal(step: TerminalStep): Promise<TerminalResult> {
  const [bad] =
    Object.entries(step.env).find(
      ([name, value]) => !/^[A-Za-z_]\w*$/.test(name) || value.includes("\0"),
    ) ?? [];
  if (bad !== undefined) throw new RangeError(`not a variable: ${JSON.stringify(bad)}`);
  const cast = step.castFile === null ? null : openCast(step.castFile);
  const mark = newMark();
  const env = { ...step.env, [MARK_VARIABLE]: mark };
  let session: Session;
  try {
    const { argv, cwd } = step;
    const locked = step.sudo !== null;
    session = await openSession({ mark, argv, env, cwd, stdin: step.stdin !== null, locked });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return nothing({ kind: "lost", reason }, cast);
  }
  if (step.sudo === null) return await run(step, session, mark, cast, null);
  const answer = await step.sudo
    .authenticate(session, step.signal)
    .catch((error: unknown): { kind: "failed"; reason: string } => ({
      kind: "failed",
      reason: error instanceof Error ? error.message : String(error),
    }));
  if (answer.kind === "ticket") {
    sendEnvironment(session, env, answer.ticket);
    return await run(step, session, mark, cast, answer.ticket);
  }
  await closeLocked(session, mark, step.sudo, false).finally(session.close);
  return nothing(endBefore(answer), cast);
}

/** `failed`: the machine has no second terminal, to prove that tickets are kept apart. */
function endBefore(
  answer: Exclude<Authenticated, { kind: "ticket" }> | { kind: "failed"; reason: string },
): TerminalEnd {
  if (answer.kind === "aborted") return { kind: "cancelled" };
  if (answer.kind === "failed") return { kind: "lost", reason: answer.reason };
  return answer.kind === "lost" ? { kind: "lost", reason: LEADER_GONE } : answer;
}

const WARDEN_GONE = "the shell that watches the step was ended";
const LEADER_GONE = "the shell that holds the ticket was ended";

function nothing(end: TerminalEnd, cast: Cast | null): TerminalResult {
  const castSha256 = cast?.end(statusText(end)) ?? null;
  return { end, output: "", truncated: false, bytes: 0, durationMs: 0, castSha256 };
}

function sendEnvironment(
  { leader, warden }: Session,
  env: Record<string, string>,
  ticket: Ticket,
): void {
  if (ticket.anything) for (const shell of [leader, warden]) shell?.say("root");
  leader?.say("run");
  for (const [name, value] of Object.entries(env))
    leader?.say(`+${name}=${value.replaceAll("\n", "\n>")}`);
  leader?.say("");
}

async function run(
  step: TerminalStep,
  session: Session,
  mark: string,
  cast: Cast | null,
  ticket: Ticket | null,
): Promise<TerminalResult> {
  const begun = performance.now();
  const said = stepOutput(session, { ...step, cast });
  session.input?.end(step.stdin ?? "");
  const renewal =
    ticket === null
      ? undefined
      : setInterval(() => session.warden.say("fresh"), ticket.renewal * 1000);
  const stopped = stops(step, session);
  const happened = await Promise.race([endOf(session, ticket !== null), stopped.failed]);
  const durationMs = performance.now() - begun;
  stopped.forget();
  clearInterval(renewal);
  const end = stopped.why() ?? happened;
  // However long a consumer takes, no process and no ticket waits for it.
  const [drained, closed] = await Promise.allSettled([
    said.drained(),
    ticket === null
      ? closePlain(session, mark, durationMs < 1000)
      : closeLocked(session, mark, step.sudo, happened.kind === "lost"),
  ]);
  session.close();
  const castSha256 = cast?.end(statusText(end)) ?? null;
  if (drained.status === "rejected") throw drained.reason;
  if (closed.status === "rejected") throw closed.reason;
  return {
    end,
    output: said.text(),
    truncated: said.truncated() || !drained.value,
    bytes: said.bytes(),
    durationMs,
    castSha256,
  };
}

/** Without a ticket the step itself led the session: what it left is this user's. */
async function closePlain(session: Session, mark: string, young: boolean): Promise<void> {
  const warden = Number((await session.warden.hear())?.split(" ")[1]);
  session.warden.say("done");
  await Promise.race([session.warden.gone, sleep(WARDEN_MS, undefined, { ref: false })]);
  await endLeftovers({ mark, session: session.pid, spare: new Set([warden]), young });
}

/** `lost`: one of our two shells is gone before its time. */
async function closeLocked(
  session: Session,
  mark: string,
  sudo: SudoTurn | null,
  lost: boolean,
): Promise<void> {
  if (!lost && (await closeLeader(session))) return;
  send(session.pid, "SIGKILL");
  const marked = { mark, session: session.pid, spare: new Set<number>(), young: false };
  await Promise.all([endLeftovers(marked), sudo?.endRootParts(mark)]);
}

/** What it takes to read one word, on a machine that has other things to do. */
const WARDEN_MS = 5000;
/** What a timer can be set to: 24 days. */
const LONGEST_MS = 2 ** 31 - 1;
/** From the wish to stop to the end of the step: two sweeps, as root and not. */
const STOP_MS = 8000;

type Stops = {
  failed: Promise<TerminalEnd>;
  why: () => TerminalEnd | null;
  forget: () => void;
};

/** Has the warden end the step when its time is over or nobody wants it any more. */
function stops(step: TerminalStep, session: Session): Stops {
  let why: TerminalEnd | null = null;
  let failing: NodeJS.Timeout | undefined;
  let fail: (end: TerminalEnd) => void = () => {};
  const failed = new Promise<TerminalEnd>((resolve) => {
    fail = resolve;
  });
  const lost = (reason: string): void => fail({ kind: "lost", reason });
  const stop = (end: TerminalEnd): void => {
    why ??= end;
    session.warden.say("stop");
    failing ??= setTimeout(() => lost("the step did not end when it was stopped"), STOP_MS);
  };
  const cancel = (): void => stop({ kind: "cancelled" });
  const timer = setTimeout(() => stop({ kind: "timed-out" }), Math.min(step.timeoutMs, LONGEST_MS));
  if (step.signal.aborted) cancel();
  step.signal.addEventListener("abort", cancel, { once: true });
  let over = false;
  // What cannot be stopped any more is stopped now. The leader, where there is one, still has its ticket.
  void session.warden.gone.then(() => {
    if (over) return;
    why ??= { kind: "lost", reason: WARDEN_GONE };
    if (session.leader === null || !send(session.pid, "SIGURG")) return fail(why);
    failing ??= setTimeout(() => lost(WARDEN_GONE), STOP_MS);
  });
  return {
    failed,
    why: () => why,
    forget: () => {
      over = true;
      clearTimeout(timer);
      clearTimeout(failing);
      step.signal.removeEventListener("abort", cancel);
    },
  };
}

async function endOf(session: Session, locked: boolean): Promise<TerminalEnd> {
  if (!locked) return endIn(await session.exit);
  const jobs: string[] = [];
  for (;;) {
    const line = (await session.leader?.hear()) ?? null;
    if (line === null) return { kind: "lost", reason: LEADER_GONE };
    const [, pid, status] = /^ended (\d+) (\d+)$/.exec(line) ?? [];
    if (pid !== undefined) return endOfJob(jobs, pid, Number(status));
    jobs.push(line);
  }
}

/** `jobs`: what the shell says of its jobs; only there an exit status above 128 is not a signal. */
function endOfJob(jobs: readonly string[], pid: string, status: number): TerminalEnd {
  const job = jobs.find((line) => new RegExp(`^\\[\\d+\\][ +-]+${pid} `).test(line));
  const signalled = status > 128 && !/ Done\b/.test(job ?? "");
  return signalled
    ? { kind: "signalled", signal: signalName(status - 128) }
    : { kind: "exited", status };
}

function endIn({ status, signal }: SessionExit): TerminalEnd {
  if (signal !== null) return { kind: "signalled", signal };
  if (status !== null) return { kind: "exited", status };
  return { kind: "lost", reason: "the step could not be started" };
}

function signalName(number: number): string {
  const [name] = Object.entries(constants.signals).find(([, value]) => value === number) ?? [];
  return name ?? `SIG${number}`;
}

/** As asciicast's `x` event and shells have it: a number. */
function statusText(end: TerminalEnd): string {
  switch (end.kind) {
    case "exited":
      return String(end.status);
    case "signalled":
      return String(
        128 + (constants.signals[end.signal as NodeJS.Signals] ?? Number(end.signal.slice(3))),
      );
    case "timed-out":
      return "124";
    case "cancelled":
      return "130";
    case "refused":
      return "77";
    case "lost":
      return "71";
    default:
      return end satisfies never;
  }
}
