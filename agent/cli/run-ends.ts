/** What every way to tell of a run needs: how steps have ended so far, and a standard output that may be slow. */
import type { Journal } from "../workflow/engine.ts";
import type { Ended } from "./run-rows.ts";

let drained: Promise<void> | null = null;

/** Resolves when standard output takes more; all that wait for that wait for the same. */
export function print(text: string): void | Promise<void> {
  if (process.stdout.write(text)) return;
  drained ??= new Promise((resolve) => {
    process.stdout.once("drain", () => {
      drained = null;
      resolve();
    });
  });
  return drained;
}

export type Collected = {
  ends: Ended[];
  watch: Pick<Journal, "end" | "settle">;
  /** Milliseconds of performance.now(). */
  since: number;
};

/** What has ended so far, in order; all displays tell it at the end. `outputs`: whether they are wanted then. */
export function collected({ outputs }: { outputs: boolean }): Collected {
  const ends: Ended[] = [];
  return {
    ends,
    since: performance.now(),
    watch: {
      end({ id }, { output, ...end }, again) {
        if (!again) ends.push({ id, end, output: outputs ? output : "" });
      },
      settle(id, state, reason) {
        const none = { exitStatus: null, signal: null, durationMs: null, truncated: false };
        ends.push({ id, end: { ...none, state, reason }, output: "" });
      },
    },
  };
}

/** Once a person has granted what it waits for. */
export function resumeHint({ id }: { id: string }): string {
  return `sallyport run --resume ${id}`;
}
