/** Reads a password into bytes, never into a string: what is a Buffer can be zeroed. */
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { ReadStream } from "node:tty";
import { inTurn } from "./terminal-turn.ts";

/** Longer than any that PAM takes. */
const MAX_BYTES = 1024;

export type Password =
  | { kind: "password"; bytes: Buffer }
  /** There is nobody to ask. */
  | { kind: "no_terminal" }
  /** ^C, ^D, or an empty line. */
  | { kind: "none" }
  | { kind: "unreadable"; code: string }
  | { kind: "too_long" };

/** Asks on the terminal that controls this process, whatever its standard input and output are; without echo. */
export async function passwordFromTerminal(prompt: string): Promise<Password> {
  return await inTurn(async () => await askOnTerminal(prompt));
}

async function askOnTerminal(prompt: string): Promise<Password> {
  let fd: number;
  try {
    fd = openSync("/dev/tty", "r+");
  } catch {
    return { kind: "no_terminal" };
  }
  const terminal = new ReadStream(fd);
  terminal.setRawMode(true);
  const restore = (): void => void terminal.setRawMode(false);
  process.once("exit", restore);
  writeSync(fd, prompt);
  try {
    return await lineFrom(terminal);
  } finally {
    process.off("exit", restore);
    restore();
    writeSync(fd, "\n");
    terminal.destroy();
  }
}

const [INTERRUPT, END, BACKSPACE, FEED, RETURN, KILL, DELETE] = [3, 4, 8, 10, 13, 21, 127];

/** What is typed until the end of the line, with the keys that take something back. */
function lineFrom(terminal: ReadStream): Promise<Password> {
  const typed = Buffer.alloc(MAX_BYTES);
  let length = 0;
  const forget = (from: number): void => {
    typed.fill(0, from);
    length = from;
  };
  return new Promise((resolve) => {
    const done = (password: Password): void => {
      terminal.removeAllListeners("data");
      if (password.kind !== "password") typed.fill(0);
      resolve(password);
    };
    terminal.on("error", (error: NodeJS.ErrnoException) =>
      done({ kind: "unreadable", code: error.code ?? "unknown" }),
    );
    terminal.on("end", () => done({ kind: "none" }));
    const press = (key: number): Password | null => {
      if (key === FEED || key === RETURN)
        return length === 0
          ? { kind: "none" }
          : { kind: "password", bytes: typed.subarray(0, length) };
      if (key === INTERRUPT || (key === END && length === 0)) return { kind: "none" };
      if (key === KILL) forget(0);
      else if (key === BACKSPACE || key === DELETE) forget(startOfLast(typed, length));
      else if (length === MAX_BYTES) return { kind: "too_long" };
      else typed[length++] = key;
      return null;
    };
    terminal.on("data", (keys: Buffer) => {
      for (const key of keys) {
        const answer = press(key);
        if (answer === null) continue;
        done(answer);
        break;
      }
      keys.fill(0);
    });
  });
}

/** Where the last character begins: it may have several bytes. */
function startOfLast(bytes: Buffer, length: number): number {
  let at = Math.max(0, length - 1);
  while (at > 0 && ((bytes[at] ?? 0) & 0xc0) === 0x80) at -= 1;
  return at;
}

/** The first line of an open file descriptor of this process, which is closed; without its line feed. */
export function passwordFromDescriptor(fd: number): Password {
  const bytes = Buffer.alloc(MAX_BYTES + 1);
  let length = 0;
  try {
    while (length < bytes.length && !bytes.subarray(0, length).includes(FEED)) {
      const count = readSync(fd, bytes, length, bytes.length - length, null);
      if (count === 0) break;
      length += count;
    }
    closeSync(fd);
  } catch (error) {
    bytes.fill(0);
    return { kind: "unreadable", code: (error as NodeJS.ErrnoException).code ?? "unknown" };
  }
  const end = bytes.indexOf(FEED);
  const line = bytes.subarray(0, end === -1 ? length : end);
  if (line.length > MAX_BYTES || line.length === 0) {
    bytes.fill(0);
    return { kind: line.length === 0 ? "none" : "too_long" };
  }
  bytes.fill(0, line.length);
  return { kind: "password", bytes: line };
}
