// Decides what is remembered, a chain of records each holding the hash of the one before, and who goes next.
// If it were wrong, records would overlap, and what an agent did as root could be denied afterwards.
import * as fs from "node:fs";
import { LOCKDOWN, type AuditData, type AuditEntry, type End } from "../protocol/reply.ts";
import type { Call } from "./answer.ts";
import { caller, distrust } from "./defence.ts";

declare const BUILD: { policyHash: string };
const [LOCKS, DIRECTORY] = ["/run/sallyport", "/var/log/sallyport"];
const TAIL_BYTES = 65_536; // more than the longest record: what callers can lengthen is shortened
const [OWN_BYTES, OWN_COUNT] = [2 ** 18, 200]; // how far back, and how many, a caller sees
export const boot = () => fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
export const lockedDown = () => fs.lstatSync(LOCKDOWN, { throwIfNoEntry: false }) !== undefined;
const RESERVE_BYTES = 2 ** 20; // left on the disk, so that the end of what has begun can be written too

/** Not imported: to load it takes half as long again as to start, and not every request needs it. */
export const sha256 = (text: string): string =>
  process.getBuiltinModule("node:crypto").createHash("sha256").update(text).digest("hex");
export type Fact = Pick<AuditEntry, "phase" | "decision"> & { rule: string; result?: End };

/** Appends one record of a call, on disk when `sync`; throws where it cannot. False: nothing may begin now. */
export function append(call: Call, fact: Fact, sync: boolean): boolean {
  using held = lock("audit", 10);
  if (held === null) throw new Error("the audit log is locked");
  if (fact.phase === "begin" && lockedDown()) return false;
  return withLog((fd, size) => {
    write(fd, size, call, fact);
    if (sync) fs.fdatasyncSync(fd);
    return true;
  });
}

/** The caller's own among the last records. Their reasons are left out: they may name paths. */
export function ownRecords(): AuditData {
  const { uid } = caller();
  return withLog((fd, size) => {
    const { seq: last, hash } = tail(fd, size);
    const text = ending(fd, size, OWN_BYTES).toString();
    const lines = text.split("\n").slice(size > OWN_BYTES ? 1 : 0, -1);
    const all = lines.map((line) => JSON.parse(line) as AuditEntry & { uid: number | null });
    const own = all.filter((one) => one.uid === uid).slice(-OWN_COUNT);
    const records = own.map(({ seq, time, requestId, phase, argv, decision, result }) => {
      return { seq, time, requestId, phase, argv, decision, result: result ?? null };
    });
    return { kind: "audit", records, head: { seq: last, hash } };
  });
}

function withLog<T>(use: (fd: number, size: number) => T): T {
  fs.mkdirSync(DIRECTORY, { recursive: true, mode: 0o750 });
  const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
  const how = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK;
  const fd = fs.openSync(`${DIRECTORY}/audit.jsonl`, how, 0o640);
  try {
    const [file, above] = [fs.fstatSync(fd), fs.lstatSync(DIRECTORY)]; // /var/log is syslog's on Ubuntu
    const regular = file.isFile() && file.nlink === 1 && above.isDirectory();
    if (!regular || file.uid + above.uid !== 0 || ((file.mode | above.mode) & 0o022) !== 0)
      throw new Error("others can change the audit log");
    return use(fd, file.size);
  } finally {
    fs.closeSync(fd);
  }
}

/** A record is one line of JSON; `hash`, always last, is the SHA-256 of the line without it. */
function write(fd: number, size: number, { requestId, words }: Call, fact: Fact): void {
  const { phase, decision, result } = fact;
  const { bavail, bsize } = fs.statfsSync(DIRECTORY);
  if (phase !== "end" && bavail * bsize < RESERVE_BYTES) throw new Error("disk full");
  const { seq, hash: prev, torn } = tail(fd, size);
  if (torn > 0) fs.ftruncateSync(fd, size - torn);
  const when = { v: 1, seq: seq + 1, time: new Date().toISOString(), boot: boot() };
  const argv = words.slice(0, 8).map((word) => word.slice(0, 256));
  const why = { decision, rule: fact.rule.slice(0, 1024), policyHash: BUILD.policyHash, result };
  const last = { torn: torn === 0 ? undefined : torn, prev };
  const body = JSON.stringify({ ...when, ...caller(), requestId, phase, argv, ...why, ...last });
  const line = Buffer.from(`${body.slice(0, -1)},"hash":"${sha256(body)}"}\n`);
  if (fs.writeSync(fd, line) !== line.length) throw new Error("disk full"); // torn, for the next to mend
}

/** Where the chain ends, and how many bytes after it a killed helper left. */
function tail(fd: number, size: number): { seq: number; hash: string; torn: number } {
  const bytes = ending(fd, size, TAIL_BYTES);
  const end = bytes.lastIndexOf("\n");
  const torn = bytes.length - (end + 1);
  if (end === -1 && size < TAIL_BYTES) return { seq: 0, hash: "0".repeat(64), torn };
  const line = bytes.toString("utf8", bytes.lastIndexOf("\n", end - 1) + 1, end);
  const { seq, hash } = JSON.parse(line) as { seq: number; hash: string };
  if (!Number.isSafeInteger(seq) || !/^[0-9a-f]{64}$/.test(hash)) throw new Error("broken chain");
  return { seq, hash, torn };
}

function ending(fd: number, size: number, most: number): Buffer {
  const bytes = Buffer.alloc(Math.min(size, most));
  fs.readSync(fd, bytes, 0, bytes.length, size - bytes.length);
  return bytes;
}

// Node has no flock(2), and a refusal may not start flock(1): so it is SQLite's lock, which ends with its holder.
const locks: Record<string, { exec: (statement: string) => void }> = {};
/** Takes the lock `name` until it is disposed of; null where it was not free within `seconds`. */
export function lock(name: "audit" | "grants" | "package", seconds: number): Disposable | null {
  fs.mkdirSync(LOCKS, { recursive: true, mode: 0o700 });
  const flaw = distrust(LOCKS);
  if (flaw !== null) throw new Error(flaw);
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
  const path = `${LOCKS}/${name}.lock`;
  const database = (locks[name] ??= new DatabaseSync(path, { timeout: seconds * 1000 }));
  try {
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE"); // no file: nothing is ever written
    return { [Symbol.dispose]: () => database.exec("ROLLBACK") };
  } catch (error) {
    if (String(error).includes("locked")) return null;
    throw error;
  }
}
