/** Looks for a secret where every process shows itself to all others, again and again. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Host } from "./host.ts";

/** In argv and environment of all processes, or of those of one host; what is returned ends it. */
export function sampled(
  secret: string,
  host?: Host,
): () => Promise<{ samples: number; found: string[] }> {
  const found = new Set<string>();
  let samples = 0;
  const over = new AbortController();
  const own = host === undefined ? null : readlinkSync(`/proc/${host.pid}/ns/pid`);
  const look = async (): Promise<void> => {
    for (; !over.signal.aborted; samples += 1) {
      for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name)))
        for (const what of ["cmdline", "environ"])
          try {
            if (own !== null && readlinkSync(`/proc/${pid}/ns/pid`) !== own) continue;
            if (readFileSync(`/proc/${pid}/${what}`, "latin1").includes(secret)) found.add(what);
          } catch {} // it has ended
      await sleep(2);
    }
  };
  const looking = look();
  return async () => {
    over.abort();
    await looking;
    return { samples, found: [...found] };
  };
}
