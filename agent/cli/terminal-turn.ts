/** Who has the terminal: what redraws itself there makes room while a person is asked, one question after the other. */

export type Redrawn = { pause: () => void; resume: () => void };

let redrawn: Redrawn | null = null;
let last: Promise<unknown> = Promise.resolve();

/** Null: nothing redraws itself any more. */
export function redraws(display: Redrawn | null): void {
  redrawn = display;
}

export async function inTurn<T>(ask: () => Promise<T>): Promise<T> {
  const turn = last.then(async () => {
    redrawn?.pause();
    try {
      return await ask();
    } finally {
      redrawn?.resume();
    }
  });
  last = turn.catch(() => {});
  return await turn;
}
