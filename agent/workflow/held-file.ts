/**
 * A file exactly as it was hashed. What only root can change is run where it is; of anything else a copy is made while
 * it is read, and the copy is run: whoever exchanges the file afterwards exchanges nothing.
 */
import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from "node:fs";

/** Of one file; an interpreter with all its libraries inside has a hundred. */
const MAX_BYTES = 512 * 1024 * 1024;
const CHUNK_BYTES = 1024 * 1024;

/** SHA-256 in lowercase hex. */
export type Hashed = { sha256: string; isScript: boolean };

/** Null where it is no regular file. `copy`: where to put what was read. Throws what errno(3) has, and RangeError. */
export function hashFile(path: string, copy: string | null): Hashed | null {
  const { O_RDONLY, O_NONBLOCK, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  // A pipe is not waited for.
  const from = openSync(path, O_RDONLY | O_NONBLOCK);
  try {
    if (!fstatSync(from).isFile()) return null;
    const to =
      copy === null ? null : openSync(copy, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o500);
    try {
      return copied(from, to, path);
    } finally {
      if (to !== null) closeSync(to);
    }
  } finally {
    closeSync(from);
  }
}

function copied(from: number, to: number | null, path: string): Hashed {
  const hash = createHash("sha256");
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let [total, isScript] = [0, false];
  for (let read = readSync(from, chunk); read > 0; read = readSync(from, chunk)) {
    const bytes = chunk.subarray(0, read);
    if (total === 0) isScript = bytes.subarray(0, 2).equals(Buffer.from("#!"));
    total += read;
    if (total > MAX_BYTES) throw new RangeError(`${path} is too large to be hashed`);
    hash.update(bytes);
    if (to !== null) writeAll(to, bytes);
  }
  return { sha256: hash.digest("hex"), isScript };
}

function writeAll(to: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length;) written += writeSync(to, bytes, written);
}
