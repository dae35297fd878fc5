/** Puts a checkpoint under the audit log of this host, as root; never under one that does not hold. */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readFileSync,
  readSync,
  writeSync,
} from "node:fs";
import { signed, type Checkpoint } from "./checkpoint.ts";
import { checkpointKey, publishKey, type KeyPair } from "./checkpoint-key.ts";
import { AUDIT_LOG, bytesOf, LINE_MAX_BYTES } from "./log-file.ts";
import { verifyWitnessed, type WitnessedReport } from "./witness.ts";

export const CHECKPOINTS = "/var/log/sallyport/checkpoints.jsonl";
const FOLDER = "/var/log/sallyport";

export type Signing =
  | { kind: "signed"; checkpoint: Checkpoint }
  /** The last checkpoint is of this very record. */
  | { kind: "current"; seq: number }
  | { kind: "no_records" }
  /** Something here could be another's than root's. */
  | { kind: "unsafe"; flaw: string }
  /** It was changed, or its end is gone: nothing is signed. */
  | { kind: "broken"; report: WitnessedReport };

/** Throws as open(2) and write(2) do. */
export async function signLog(): Promise<Signing> {
  const flaw = logFlaw();
  if (flaw !== null) return { kind: "unsafe", flaw };
  const there = (file: string) => (lstatSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0;
  if (!there(AUDIT_LOG) && !there(CHECKPOINTS)) return { kind: "no_records" };
  const key = checkpointKey();
  if ("flaw" in key) return { kind: "unsafe", flaw: key.flaw };
  const log = there(AUDIT_LOG) ? bytesOf(AUDIT_LOG) : none();
  const report = await verifyWitnessed(log, CHECKPOINTS, key.public);
  const { chain, checkpoints } = report;
  // An unfinished last record is a helper's that is writing now or was killed; the next one mends it.
  if (chain.problemCount + checkpoints.problemCount > 0) return { kind: "broken", report };
  if (chain.last === null) return { kind: "no_records" };
  publishKey(key.public);
  const { seq, hash } = chain.last;
  if (checkpoints.last?.seq === seq) return { kind: "current", seq };
  return { kind: "signed", checkpoint: append(seq, hash, key) };
}

async function* none(): AsyncGenerator<Buffer> {}

function append(seq: number, hash: string, key: KeyPair): Checkpoint {
  const facts = {
    v: 1,
    seq,
    hash,
    time: new Date().toISOString(),
    boot: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
    uptimeMs: Math.round(Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1000),
  } as const;
  const checkpoint = signed(facts, key);
  const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
  const fd = openSync(CHECKPOINTS, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, 0o640);
  try {
    fchmodSync(fd, 0o640); // as the log, whatever the umask
    dropUnfinished(fd);
    const line = Buffer.from(`${JSON.stringify(checkpoint)}\n`);
    if (writeSync(fd, line) !== line.length) throw new Error("disk full");
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  return checkpoint;
}

/** What was killed in mid-write, or found the disk full, left part of a line. */
function dropUnfinished(fd: number): void {
  const { size } = fstatSync(fd);
  const end = Buffer.alloc(Math.min(size, LINE_MAX_BYTES));
  readSync(fd, end, 0, end.length, size - end.length);
  const unfinished = end.length - (end.lastIndexOf("\n") + 1);
  if (unfinished > 0) ftruncateSync(fd, size - unfinished);
}

/** Not of the directories above: /var/log belongs to group syslog on Ubuntu. */
function logFlaw(): string | null {
  for (const path of [FOLDER, AUDIT_LOG, CHECKPOINTS]) {
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (there === undefined) continue;
    if (there.isSymbolicLink()) return `${path} is a symbolic link`;
    if (there.uid !== 0) return `${path} belongs to uid ${there.uid}`;
    if ((there.mode & 0o022) !== 0) return `${path} is writable by others`;
  }
  return null;
}
