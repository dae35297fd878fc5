/** How much one client may ask for: a token bucket for each client and kind of call. */

/** `perSecond` tokens come back each second, up to `burst`. */
type Rate = { perSecond: number; burst: number };
export type Rates = Record<"read" | "change", Rate>;

export const DEFAULT_RATES: Rates = {
  read: { perSecond: 200, burst: 400 },
  change: { perSecond: 1, burst: 10 },
};

/** More clients than this are not told apart: the oldest bucket is given up. */
const CLIENTS_MAX = 1000;

export type RateLimiter = {
  /** Takes one token; 0, or the milliseconds until there will be one. */
  take(client: string, kind: keyof Rates): number;
};

/** `now`: milliseconds of a clock that never goes back. */
export function rateLimiter(rates: Rates, now = () => performance.now()): RateLimiter {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return {
    take(client, kind) {
      const { perSecond, burst } = rates[kind];
      const key = `${kind} ${client}`;
      const at = now();
      const last = buckets.get(key) ?? { tokens: burst, at };
      const tokens = Math.min(burst, last.tokens + ((at - last.at) / 1000) * perSecond);
      const waitMs = tokens >= 1 ? 0 : Math.ceil(((1 - tokens) / perSecond) * 1000);
      buckets.delete(key);
      buckets.set(key, { tokens: waitMs === 0 ? tokens - 1 : tokens, at });
      const oldest = buckets.keys().next().value;
      if (buckets.size > 2 * CLIENTS_MAX && oldest !== undefined) buckets.delete(oldest);
      return waitMs;
    },
  };
}
