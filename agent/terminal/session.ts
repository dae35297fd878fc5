/**
 * A terminal of its own, a session in it, and the constant shell script that leads it (session.sh). Nothing is ever
 * written to the terminal: words go through sockets, a password through one that only sudo reads.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { closeSync, readFileSync, writeSync } from "node:fs";
import type { Socket } from "node:net";
import { ReadStream } from "node:tty";
import { openPty } from "./pty.ts";
import { closeInherited } from "../inherited-descriptors.ts";

/** Written in by the build; from source the file beside this one is read. */
declare const SESSION_SCRIPT: string;

/** Of a terminal that nobody looks at while it is written to. */
export const COLUMNS = 120;
export const ROWS = 40;

/** What the leader of a session sees; the step has its own. */
const CLEAN = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };

export type SessionPlan = {
  mark: string;
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
  cwd: string;
  /** Whether the step has a standard input; otherwise it is /dev/null. */
  stdin: boolean;
  /** Whether the leader stays and keeps a ticket of sudo. */
  locked: boolean;
};

export type SessionExit = { status: number | null; signal: NodeJS.Signals | null };

export type Session = {
  /** Process id of the leader, which is the session's number as well. */
  pid: number;
  /** What is said on the terminal. Paused; nobody must write to it. */
  terminal: ReadStream;
  /** Null unless locked. */
  leader: Channel | null;
  warden: Channel;
  /** Read by sudo alone, and closed when it has answered. Null unless locked. */
  password: Socket | null;
  input: Socket | null;
  exit: Promise<SessionExit>;
  /** Puts text behind all that was said on the terminal before; gives back what there was no room for. */
  putBehind: (text: string) => string;
  /** Closes the terminal and every socket. What still uses them sees an end. */
  close: () => void;
};

/** Lines to one of our two shells and back. */
type Channel = {
  say: (line: string) => void;
  /** The next line, or null at the end of it all. */
  hear: () => Promise<string | null>;
  /** Resolves when its shell is gone. */
  gone: Promise<void>;
};

/** Without its comments: it stands in the list of processes. */
function sessionScript(): string {
  const text =
    typeof SESSION_SCRIPT === "undefined"
      ? readFileSync(new URL("session.sh", import.meta.url), "utf8")
      : SESSION_SCRIPT;
  return text.replaceAll(/^\s*#.*\n/gm, "");
}

export function newMark(): string {
  return randomBytes(16).toString("hex");
}

/**
 * What this process was given beside standard input, output and error (a password's descriptor, say) is closed: no
 * step has it. Throws where the machine has no terminal left, or `cwd` is not there.
 */
export async function openSession(plan: SessionPlan): Promise<Session> {
  const { mark, argv, env, cwd, stdin, locked } = plan;
  closeInherited();
  const pty = openPty(COLUMNS, ROWS);
  const terminal = new ReadStream(pty.master);
  terminal.on("error", () => {}); // who reads it hears of it as well
  // No echo, before anything runs. (Node opens the terminal once more for this; its modes stay.)
  new ReadStream(pty.slave).setRawMode(true).destroy();
  const words = [pty.path, mark, locked ? "yes" : "no", stdin ? "yes" : "no", ...argv];
  const started = (): ChildProcess =>
    spawn("/bin/sh", ["-c", sessionScript(), "step", ...words], {
      cwd,
      env: locked ? CLEAN : env,
      detached: true,
      stdio: [
        "ignore",
        "ignore",
        "ignore",
        locked ? "pipe" : "ignore",
        "pipe",
        locked ? "pipe" : "ignore",
        stdin ? "pipe" : "ignore",
        // Held by the leader as well, the terminal outlives this process until root's parts have ended.
        locked ? pty.master : "ignore",
      ],
    });
  let sockets: (Socket | null)[] = [];
  const close = (): void => {
    terminal.destroy();
    // While this end was open the terminal did not hang up, so that nothing said was lost.
    closeSync(pty.slave);
    for (const socket of sockets) socket?.destroy();
  };
  let child: ChildProcess;
  try {
    child = started();
  } catch (error) {
    close();
    throw error;
  }
  sockets = [3, 4, 5, 6].map((at) => (child.stdio[at] ?? null) as Socket | null);
  const [control, life, password, input] = sockets;
  const exit = exitOf(child);
  for (const socket of [password, input]) socket?.on("error", () => {}); // it may not be read to its end
  try {
    await once(child, "spawn");
    if (life == null) throw new Error("no socket");
  } catch (error) {
    close();
    throw error;
  }
  return {
    pid: child.pid ?? -1,
    terminal,
    leader: control == null ? null : channel(control),
    warden: channel(life),
    password: password ?? null,
    input: input ?? null,
    exit,
    putBehind: (text) => put(pty.slave, text),
    close,
  };
}

function exitOf(child: ChildProcess): Promise<SessionExit> {
  return new Promise((resolve) => {
    child.once("error", () => resolve({ status: null, signal: null }));
    child.once("exit", (status, signal) => resolve({ status, signal }));
  });
}

/** `text` is ASCII. */
function put(terminal: number, text: string): string {
  try {
    return text.slice(writeSync(terminal, text));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return text;
    throw error;
  }
}

function channel(socket: Socket): Channel {
  const heard: string[] = [];
  let rest = "";
  let wake = (): void => {};
  let over = false;
  const gone = new Promise<void>((resolve) => {
    const end = (): void => {
      over = true;
      wake();
      resolve();
    };
    socket.once("end", end).once("close", end);
  });
  socket.on("error", () => {}); // a shell that is gone: `gone` says so
  socket.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    heard.push(...lines);
    wake();
  });
  const hear = async (): Promise<string | null> => {
    const line = heard.shift();
    if (line !== undefined || over) return line ?? null;
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
    return await hear();
  };
  return {
    say: (line) => void (socket.writable && socket.write(`${line}\n`)),
    hear,
    gone,
  };
}
