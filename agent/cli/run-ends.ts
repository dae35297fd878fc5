/** What every way to tell of a run needs: how steps have ended so far, and a standard output that may be slow. */
import type { Journal } from "../workflow/engine.ts";
import type { Ended } from "./run-rows.ts";

/** Resolves when standard output takes more. */
export function print(text: string): void | Promise<void> {
  if (process.stdout.write(text)) return;
  return new Promise((resolve) => process.stdout.once("drain", resolve));
}

export type Collected = {
  ends: Ended[];
  watch: Pick<Journal, "end" | "settle">;
  /** Milliseconds of performance.now(). */
  since: number;
};

/** What has ended so far, in order; all displays tell it at the end. */
export function collected(): Collected {
  const ends: Ended[] = [];
  return {
    ends,
    since: performance.now(),
    watch: {
      end({ id }, { output, ...end }, again) {
        if (!again) ends.push({ id, end, output });
      },
      settle(id, state, reason) {
        const none = { exitStatus: null, signal: null, durationMs: null, truncated: false };
        ends.push({ id, end: { ...none, state, reason }, output: "" });
      },
    },
  };
}
