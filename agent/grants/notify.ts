/**
 * Tells a program of the administrator's that something waits for a person. Whatever becomes of that, nothing else changes:
 * what waits goes on waiting, and is granted or denied by a person alone.
 */
import {
  closeSync,
  constants,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { ownershipFlaw } from "../doctor/ownership.ts";
import { visibleJson } from "../escape.ts";
import { runProgram } from "../run-program.ts";
import { readRootOwnedFile } from "./root-owned-file.ts";
import type { Settled } from "./settings.ts";

const STATE = "/var/lib/sallyport";
/** Where the helper keeps what waits, what was granted and what was denied. */
const WAITING = `${STATE}/grants`;
const TOLD = `${STATE}/notified.json`;
const FILE_MAX_BYTES = 131_072;
/** A program that fails is not asked about the same wish for ever. */
const ATTEMPTS = 3;
/** Of one run; the rest is told by the next one, which systemd's timer starts. */
const MOST = 64;
/** What an agent says of itself is kept short in a message. */
const [SUBJECT_MAX, CLAIM_MAX] = [2048, 512];

/** Whose it is, and which. */
const NAME = /^\d{1,10}-([0-9a-f]{32})$/;
const wishSchema = z.looseObject({
  stands: z.string(),
  uid: z.int().nonnegative(),
  subject: z.string().max(65_536),
  claim: z.string().max(8192),
  asked: z.union([z.string().max(64), z.number()]),
});
/** By file: which one it was (another decision or wish is another file), and how often it was tried. */
const toldSchema = z.record(z.string(), z.strictObject({ mark: z.string(), tries: z.int() }));
type Told = z.infer<typeof toldSchema>;

export type Notified = {
  told: string[];
  /** What could not be told, and why; lowercase, no period. */
  failed: { id: string; why: string }[];
};

/** As root. A flaw: nothing was told, for something here could be another's than root's. */
export async function notifyWaiting(
  notify: NonNullable<Settled["notify"]>,
): Promise<Notified | { flaw: string }> {
  const [program, ...words] = notify.command;
  if (lstatSync(WAITING, { throwIfNoEntry: false }) === undefined) return { told: [], failed: [] };
  const flaw = ownershipFlaw(WAITING) ?? ownershipFlaw(program);
  if (flaw !== null) return { flaw };
  const mode = statSync(program).mode;
  if ((mode & constants.S_IFMT) !== constants.S_IFREG || (mode & 0o111) === 0)
    return { flaw: `${program} is no program` };

  const before = readTold();
  const [now, notified]: [Told, Notified] = [{}, { told: [], failed: [] }];
  let left = MOST;
  for (const name of readdirSync(WAITING).toSorted()) {
    const [, id] = NAME.exec(name) ?? [];
    const there = lstatSync(join(WAITING, name), { bigint: true, throwIfNoEntry: false });
    if (id === undefined || there === undefined) continue;
    const mark = `${there.ino} ${there.mtimeNs}`;
    const known = before[name]?.mark === mark ? before[name] : { mark, tries: 0 };
    now[name] = known;
    if (known.tries >= ATTEMPTS || left === 0) continue;
    left -= 1;
    // Written down before it is tried: whatever ends this process, nobody is told without end.
    now[name] = { mark, tries: known.tries + 1 };
    writeTold({ ...before, ...now });
    const why = await tell(name, id, program, words, notify.seconds);
    if (why === null) {
      notified.told.push(id);
      now[name] = { mark, tries: ATTEMPTS };
    } else if (why !== "decided") notified.failed.push({ id, why });
  }
  writeTold(now);
  return notified;
}

/** Null: it was told. `decided`: nothing waits there any more. Else why it was not. */
async function tell(name: string, id: string, program: string, words: string[], seconds: number) {
  const text = readRootOwnedFile(join(WAITING, name), FILE_MAX_BYTES);
  if (text === null) return "decided";
  if (typeof text !== "string") return text.flaw;
  const { data: wish } = wishSchema.safeParse(parsed(text));
  if (wish === undefined) return `${name} is no wish`;
  const { stands, uid, subject, claim, asked } = wish;
  if (stands !== "pending") return "decided";
  const message = {
    v: 1,
    event: "waiting",
    host: hostname(),
    id,
    uid,
    asked,
    subject: shortened(subject, SUBJECT_MAX),
    /** The agent's word for why; below the facts. */
    claim: shortened(claim, CLAIM_MAX),
    show: `sudo sallyport show ${id}`,
  };
  const end = await runProgram(program, words, seconds, `${visibleJson(message)}\n`);
  switch (end.kind) {
    case "ended":
      return end.status === 0 ? null : `${program} ended with ${end.status ?? "a signal"}`;
    case "timeout":
      return `${program} took longer than ${seconds} s`;
    case "not_started":
      return `${program} could not be started (${end.code})`;
    default:
      return end satisfies never;
  }
}

function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}…`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Where it cannot be read everything counts as new. */
function readTold(): Told {
  const text = readRootOwnedFile(TOLD, FILE_MAX_BYTES);
  return toldSchema.safeParse(typeof text === "string" ? parsed(text) : null).data ?? {};
}

function writeTold(told: Told): void {
  mkdirSync(STATE, { recursive: true });
  const draft = `${TOLD}.${process.pid}`;
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
  const fd = openSync(draft, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
  try {
    writeSync(fd, JSON.stringify(told));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(draft, TOLD);
}
