/** In which order hosts are changed, how many at once, and when to stop. */

import type { Pace } from "./forks.ts";

/** `count` hosts, or a share of all of them. */
export type BatchSize = { kind: "count"; count: number } | { kind: "share"; percent: number };

/** `1,10%,50%` as sizes; null where it is malformed. The last one repeats. */
export function parseSerial(text: string): BatchSize[] | null {
  const sizes = text.split(",").map((word): BatchSize | null => {
    const [, number = "", percent] = /^([1-9]\d{0,5})(%?)$/.exec(word.trim()) ?? [];
    if (number === "") return null;
    if (percent === "") return { kind: "count", count: Number(number) };
    return Number(number) <= 100 ? { kind: "share", percent: Number(number) } : null;
  });
  return sizes.includes(null) ? null : (sizes as BatchSize[]);
}

/** All of `items` in batches, in their order; a share of a few is at least one. */
export function batches<T>(items: readonly T[], sizes: readonly BatchSize[]): T[][] {
  const result: T[][] = [];
  for (let at = 0, turn = 0; at < items.length; turn += 1) {
    const size = sizes[Math.min(turn, sizes.length - 1)];
    if (size === undefined) return [...result, items.slice(at)];
    const count =
      size.kind === "count"
        ? size.count
        : Math.max(1, Math.floor((items.length * size.percent) / 100));
    result.push(items.slice(at, at + count));
    at += count;
  }
  return result;
}

/**
 * Runs `work` for all, in order, as many at once as `pace` says, which may change; those that `stopped` comes before
 * are not begun, and returned.
 */
export async function inForks<T>(
  items: readonly T[],
  pace: Pick<Pace, "limit">,
  work: (item: T) => Promise<void>,
  stopped: () => boolean = () => false,
): Promise<T[]> {
  const waiting = [...items];
  const underWay = new Set<Promise<void>>();
  for (;;) {
    while (waiting.length > 0 && underWay.size < pace.limit() && !stopped()) {
      const [next] = waiting.splice(0, 1) as [T];
      const one = work(next).finally(() => underWay.delete(one));
      underWay.add(one);
    }
    if (underWay.size === 0) return waiting;
    await Promise.race(underWay);
  }
}
