/** How many steps run at once. */
import { availableParallelism } from "node:os";

const MOST = 64;

/** `given`: as it was typed; without, twice the processors, and four at least. Null: it is no such number. */
export function parallelSteps(given: string | undefined): number | null {
  if (given === undefined) return Math.min(MOST, Math.max(4, 2 * availableParallelism()));
  return /^[1-9]\d?$/.test(given) && Number(given) <= MOST ? Number(given) : null;
}
