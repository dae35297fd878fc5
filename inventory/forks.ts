/** How many connections at once: more while hosts answer quickly, fewer when somebody on the way has too many. */
import { availableParallelism } from "node:os";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Connecting } from "./transport.ts";

/**
 * How an attempt to connect went. `silent`: no answer in time, as of a host that is down or a network that is full;
 * `dropped`: hung up on, as sshd(8) does beyond MaxStartups; `lagging`: it is this process that is late.
 */
export type Heard = "quick" | "slow" | "silent" | "dropped" | "lagging";

export type Forks = {
  /** Whole ones count. */
  limit: number;
  /** Until the first trouble each quick answer is one more, and later a quarter of one. */
  ramping: boolean;
  /** So many of the next ones began at a pace that was already given up: their trouble is no news. */
  stale: number;
};

const [LEAST, MOST] = [4, 64];

export function firstForks(processors: number): Forks {
  return { limit: Math.min(32, Math.max(8, 4 * processors)), ramping: true, stale: 0 };
}

/** A host that is down is silent too, wherever there are many: that costs less than being hung up on. */
const LEFT: Record<Exclude<Heard, "quick" | "slow">, number> = {
  silent: 0.75,
  dropped: 0.5,
  lagging: 0.5,
};

export function nextForks({ limit, ramping, stale }: Forks, heard: Heard): Forks {
  const fresh = Math.max(0, stale - 1);
  if (heard === "slow") return { limit, ramping, stale: fresh };
  if (heard === "quick")
    return { limit: Math.min(MOST, limit + (ramping ? 1 : 0.25)), ramping, stale: fresh };
  if (stale > 0) return { limit, ramping, stale: fresh };
  return {
    limit: Math.max(LEAST, limit * LEFT[heard]),
    ramping: false,
    stale: Math.floor(limit),
  };
}

/** What `inForks` asks before it begins another one. */
export type Pace = {
  limit: () => number;
  /** Told of each attempt to connect. */
  connected: (found: Connecting, milliseconds: number) => void;
};

export function fixedPace(forks: number): Pace {
  return { limit: () => forks, connected: () => {} };
}

/** A login within this time has not waited for others. */
const QUICK_MS = 1000;
/** The clock that measures how late this process is. */
const [TICK_MS, LATE_MS, FEWEST_TICKS] = [20, 100, 5];

export function adaptivePace(): Pace {
  let forks = firstForks(availableParallelism());
  const delay = monitorEventLoopDelay({ resolution: TICK_MS });
  delay.enable();
  const lags = (): boolean => {
    if (delay.count < FEWEST_TICKS) return false;
    const late = delay.mean / 1e6 - TICK_MS > LATE_MS;
    delay.reset();
    return late;
  };
  return {
    limit: () => Math.floor(forks.limit),
    connected: (found, milliseconds) => {
      forks = nextForks(forks, lags() ? "lagging" : heardIn(found, milliseconds));
    },
  };
}

/** The words are those of both transports, of ssh(1), and of the system. */
export function heardIn(found: Connecting, milliseconds: number): Heard {
  if (found.kind === "unreachable") {
    if (/within \d+ s|timed out|ETIMEDOUT/i.test(found.reason)) return "silent";
    if (/hangs up|hung up|ECONNRESET|reset by|closed by|EMFILE|EAGAIN/i.test(found.reason))
      return "dropped";
  }
  return milliseconds <= QUICK_MS ? "quick" : "slow";
}
