// Decides when a caller has been told; one that does not take what is said is given up.
// If it were wrong, a caller that never reads would hold up root's work, and its deadlines.
import { writeSync } from "node:fs";

let last: Promise<boolean> = Promise.resolve(true);

/** Whether the caller took this as a line of JSON within ten seconds; lines are not mixed. */
export function say(line: object): Promise<boolean> {
  last = last.then(() => write(Buffer.from(`${JSON.stringify(line)}\n`)));
  return last;
}

/** Not process.stdout: to load it takes half as long again as to start. */
async function write(bytes: Buffer): Promise<boolean> {
  for (let sent = 0, until = Date.now() + 10_000; sent < bytes.length;)
    try {
      sent += writeSync(1, bytes, sent);
    } catch (error) {
      // A full pipe that does not block is waited for; a caller that has gone is not.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN" || Date.now() > until) return false;
      await new Promise((again) => setTimeout(again, 10));
    }
  return true;
}
