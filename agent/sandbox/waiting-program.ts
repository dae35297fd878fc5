/**
 * An interpreter that has started already: what it opened as its program is a pipe, and it goes on when the text comes
 * out of that. So it has the arguments, the variables and the way of any other run, and nothing of ours is loaded into
 * it; who opens the file once more finds a file.
 */
import {
  chmodSync,
  closeSync,
  constants,
  openSync,
  renameSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { setTimeout } from "node:timers/promises";
import { runProgram } from "../run-program.ts";

const MAKE_SECONDS = 10;
const LOOK_MS = 10;

export type WaitingProgram = {
  /** Whether somebody reads at the other end, still. */
  isRead(): boolean;
  /** Hands over all of the text, for once; false where nobody is there to take it. */
  give(text: string): Promise<boolean>;
  /** For what is given nothing. */
  close(): void;
};

/** In the place of the program's file. */
export async function makePipe(path: string): Promise<void> {
  const made = await runProgram("/usr/bin/mkfifo", ["-m", "644", "--", path], MAKE_SECONDS);
  if (made.kind !== "ended" || made.status !== 0) throw new Error("no pipe could be made");
}

/** When somebody has opened it to read; throws where nobody does, or `isOver`. */
export async function waitingProgram(
  path: string,
  isOver: () => boolean,
  ms: number,
): Promise<WaitingProgram> {
  const late = performance.now() + ms;
  let pipe = openedPipe(path);
  while (pipe === null) {
    if (isOver() || performance.now() > late) throw new Error("the interpreter does not wait");
    await setTimeout(LOOK_MS);
    pipe = openedPipe(path);
  }
  const held = pipe;
  let isOurs = true;
  return {
    isRead() {
      const another = openedPipe(path);
      if (another !== null) closeSync(another);
      return another !== null;
    },
    async give(text) {
      const bytes = Buffer.from(text);
      const file = `${path}.text`;
      writeFileSync(file, bytes);
      // Whatever the umask.
      chmodSync(file, 0o644);
      renameSync(file, path);
      isOurs = false;
      return await fed(held, bytes).finally(() => closeSync(held));
    },
    close() {
      if (isOurs) closeSync(held);
      isOurs = false;
    },
  };
}

/** Bit by bit: what a pipe has room for is up to the kernel. It ends with who reads, at the latest. */
async function fed(pipe: number, bytes: Buffer): Promise<boolean> {
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(pipe, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return false;
      await setTimeout(LOOK_MS);
    }
  }
  return true;
}

/** Null where nobody has it open to read: fifo(7), ENXIO. */
function openedPipe(path: string): number | null {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return null;
  }
}
