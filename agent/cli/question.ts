/** A question on the terminal that controls this process, whatever its standard input is. */
import { closeSync, openSync, readSync, writeSync } from "node:fs";

const MAX_BYTES = 200;

/** The line that was typed; null where there is nobody to ask. While it waits nothing else happens here. */
export function answerTo(question: string): string | null {
  let fd: number;
  try {
    fd = openSync("/dev/tty", "r+");
  } catch {
    return null;
  }
  try {
    writeSync(fd, question);
    const line = Buffer.alloc(MAX_BYTES);
    return line.toString("utf8", 0, readSync(fd, line, 0, MAX_BYTES, null)).trim();
  } catch {
    return null;
  } finally {
    closeSync(fd);
  }
}
