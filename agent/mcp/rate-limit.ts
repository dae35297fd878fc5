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
  // When each bucket will be full again; a full one need not be known.
  const full = new Map<string, number>();
  return {
    take(client, kind) {
      const { perSecond, burst } = rates[kind];
      const [key, at, tokenMs] = [`${kind} ${client}`, now(), 1000 / perSecond];
      const fullAt = Math.max(full.get(key) ?? at, at);
      const waitMs = Math.max(0, Math.ceil(fullAt - at - (burst - 1) * tokenMs));
      full.delete(key);
      full.set(key, waitMs === 0 ? fullAt + tokenMs : fullAt);
      const oldest = full.keys().next().value;
      if (full.size > 2 * CLIENTS_MAX && oldest !== undefined) full.delete(oldest);
      return waitMs;
    },
  };
}
