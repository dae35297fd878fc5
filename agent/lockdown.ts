/** Lock-down, as it is seen by who is not root: what runs here is stopped as soon as root stops everything. */
import { lstatSync } from "node:fs";
import { LOCKDOWN } from "../protocol/reply.ts";

/** Between two looks. */
const LOOK_MS = 250;

/** Whatever is there under that name locks; the helper judges for itself. */
export function isLockedDown(): boolean {
  try {
    return lstatSync(LOCKDOWN, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false; // it cannot be told from here
  }
}

/** Of the two whichever comes first: `signal`, or the lock-down. Looks no more once it is disposed of. */
export function orLockdown(signal: AbortSignal | null): Disposable & { signal: AbortSignal } {
  const locked = new AbortController();
  const look = (): void => {
    if (isLockedDown()) locked.abort();
  };
  look();
  const timer = setInterval(look, LOOK_MS);
  const both = signal === null ? [locked.signal] : [signal, locked.signal];
  return { signal: AbortSignal.any(both), [Symbol.dispose]: () => clearInterval(timer) };
}
