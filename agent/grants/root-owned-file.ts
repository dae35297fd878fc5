/** A small file that only root could have written, or why it is not obeyed. */
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from "node:fs";
import { dirname } from "node:path";
import { ownershipFlaw } from "../doctor/ownership.ts";
import type { Flaw } from "../settings-file.ts";

/** Its text; null where there is none, and nobody but root could have put it there. */
export function readRootOwnedFile(file: string, maxBytes: number): string | null | Flaw {
  // Folders first: while they are root's alone, what is in them is exchanged by nobody else.
  const folder = existingFolder(dirname(file));
  const above = ownershipFlaw(folder);
  if (above !== null) return { flaw: above, hint: `ls -ld ${folder}` };
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  let fd: number;
  try {
    fd = openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return null;
    if (code === "ELOOP") return { flaw: `${file} is a symbolic link` };
    if (code === "EACCES")
      return { flaw: `${file} cannot be read (EACCES)`, hint: `sudo chmod 644 ${file}` };
    return { flaw: `${file} cannot be read (${code})` };
  }
  try {
    return textOf(fd, file, maxBytes);
  } finally {
    closeSync(fd);
  }
}

/** What is looked at is the opened file, before and after it is read. */
function textOf(fd: number, file: string, maxBytes: number): string | Flaw {
  const before = fstatSync(fd, { bigint: true });
  if (!before.isFile()) return { flaw: `${file} is no file` };
  if (before.uid !== 0n)
    return { flaw: `${file} belongs to uid ${before.uid}`, hint: `sudo chown root:root ${file}` };
  // An ACL that lets others write shows in the group's bits (acl(5)).
  if ((before.mode & 0o022n) !== 0n)
    return { flaw: `${file} is writable by others`, hint: `sudo chmod go-w ${file}` };
  const bytes = Buffer.alloc(maxBytes + 1);
  let length = 0;
  for (let read = -1; read !== 0 && length < bytes.length; length += read)
    read = readSync(fd, bytes, length, bytes.length - length, null);
  if (length > maxBytes) return { flaw: `${file} is longer than ${maxBytes / 1024} KiB` };
  const after = fstatSync(fd, { bigint: true });
  if (after.ctimeNs !== before.ctimeNs || after.size !== before.size)
    return { flaw: `${file} was changed while it was read` };
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, length));
  } catch {
    return { flaw: `${file} is not UTF-8` };
  }
}

/** Who could make a missing one decides what it will be. */
function existingFolder(folder: string): string {
  const there = lstatSync(folder, { throwIfNoEntry: false });
  return there === undefined ? existingFolder(dirname(folder)) : folder;
}
