/** Runs one of our constant scripts on a host; what varies is its input, never its text. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Writable } from "node:stream";
import { scriptBlock, type Connection, type RemoteProcess } from "./transport.ts";

/** Written in by the build; from source the files beside this one are read. */
declare const LOOK_SCRIPT: string;
declare const CHANGE_SCRIPT: string;
declare const ASK_SCRIPT: string;
declare const EXAMINE_SCRIPT: string;
declare const AUDIT_SCRIPT: string;

export function lookScript(): string {
  return typeof LOOK_SCRIPT === "undefined" ? read("look.sh") : LOOK_SCRIPT;
}

export function changeScript(): string {
  return typeof CHANGE_SCRIPT === "undefined" ? read("change.sh") : CHANGE_SCRIPT;
}

export function askScript(): string {
  return typeof ASK_SCRIPT === "undefined" ? read("ask.sh") : ASK_SCRIPT;
}

export function examineScript(): string {
  return typeof EXAMINE_SCRIPT === "undefined" ? read("examine.sh") : EXAMINE_SCRIPT;
}

export function auditScript(): string {
  return typeof AUDIT_SCRIPT === "undefined" ? read("audit.sh") : AUDIT_SCRIPT;
}

function read(name: string): string {
  return readFileSync(new URL(name, import.meta.url), "utf8");
}

/** More than any of the scripts says. */
const SAID_MAX_CHARACTERS = 1 << 20;
/** Largest piece that is written at once. */
const PIECE_BYTES = 1 << 16;

export type Heard = {
  /** What stood between the script's marks; empty where it never began. */
  lines: string[];
  /** Whether it came to its end. */
  whole: boolean;
  /** Words of the host's programs: untrusted text. */
  stderr: string;
  /** Whether the time was up first. */
  late: boolean;
};

/** No host can guess it, so none can say beforehand where an answer begins, or where a password is asked for. */
export function newMark(): string {
  return `sallyport-${randomBytes(16).toString("hex")}`;
}

/** A value as the line that a script reads; throws where it would be more than one. */
export function inputLine(value: string | number): Buffer {
  const text = String(value);
  if (/[\0\r\n]/.test(text)) throw new Error("a value for a script is one line");
  return Buffer.from(`${text}\n`);
}

type Talk = {
  script: string;
  mark: string;
  /** What stands on its standard input after the script. */
  input: readonly Buffer[];
  /** In all, from its start to its end. */
  seconds: number;
  /** Told what is on standard error so far; may write to standard input, which is then not ended at once. */
  converse?: (stderr: string, stdin: Writable) => void;
  /** Told when all of `input` has been handed over, and the script has not ended. */
  fed?: () => void;
};

/** Starts a script, feeds it and hears it out. Never throws: a lost connection is an answer that is not whole. */
export async function talk(connection: Connection, how: Talk): Promise<Heard> {
  const { script, mark, input, seconds, converse, fed } = how;
  let child: RemoteProcess;
  try {
    child = await connection.start();
  } catch (error) {
    return { lines: [], whole: false, stderr: String(error), late: false };
  }
  let [stdout, stderr, late] = ["", "", false];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (stdout.length < SAID_MAX_CHARACTERS) stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    if (stderr.length < SAID_MAX_CHARACTERS) stderr += text;
    converse?.(stderr, child.stdin);
  });
  let gone = false;
  child.stdin.on("error", () => (gone = true)); // it may end without reading all
  const timer = setTimeout(() => {
    late = true;
    void connection.close();
  }, seconds * 1000);
  void feed(child.stdin, [scriptBlock(script), ...input], () => gone).then(() => {
    if (converse === undefined) child.stdin.end();
    if (!gone) fed?.();
  });
  await child.ended;
  gone = true;
  child.stdin.destroy();
  clearTimeout(timer);
  return { ...between(stdout, mark), stderr, late };
}

async function feed(stdin: Writable, parts: readonly Buffer[], gone: () => boolean): Promise<void> {
  for (const part of parts)
    for (let at = 0; at < part.length && !gone(); at += PIECE_BYTES)
      await new Promise((taken) => stdin.write(part.subarray(at, at + PIECE_BYTES), taken));
}

function between(stdout: string, mark: string): Pick<Heard, "lines" | "whole"> {
  const lines = stdout.split("\n");
  const from = lines.indexOf(mark);
  const to = lines.indexOf(`${mark} end`);
  if (from === -1) return { lines: [], whole: false };
  return { lines: lines.slice(from + 1, to === -1 ? undefined : to), whole: to !== -1 };
}

/** The value of the last line that begins with `word`, or null. */
export function valueOf(lines: readonly string[], word: string): string | null {
  return lines.findLast((line) => line.startsWith(`${word} `))?.slice(word.length + 1) ?? null;
}
