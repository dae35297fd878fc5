/** Changes to a host, one after the other: two at once would wait for the same locks, and confuse their readers. */

/** Changes that may wait; one more is told to come back later. */
const WAITING_MAX = 16;

export type ChangeQueue = {
  /** Runs `work` when all earlier work has ended, however it ended; null where too many wait already. */
  run<T>(work: () => Promise<T>): Promise<T> | null;
};

export function changeQueue(): ChangeQueue {
  let last: Promise<unknown> = Promise.resolve();
  let queued = 0;
  return {
    run(work) {
      if (queued > WAITING_MAX) return null;
      queued += 1;
      const mine = last.then(work).finally(() => {
        queued -= 1;
      });
      last = mine.catch(() => undefined);
      return mine;
    },
  };
}
