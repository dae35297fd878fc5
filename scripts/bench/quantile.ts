/** Medians and tails. */

export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

export type Spread = { medianMs: number; p99Ms: number };

export function spread(values: readonly number[]): Spread {
  return { medianMs: quantile(values, 0.5), p99Ms: quantile(values, 0.99) };
}

/** How long `work` takes, in milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}
