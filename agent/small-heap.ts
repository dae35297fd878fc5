/**
 * What runs for months beside what a host is there for: V8 would let garbage lie up to half of the host's
 * memory. It may take what is in use and a quarter more. Said here and not to the executable: every other
 * command would compile Node's own modules anew (docs/start-up.md).
 */
import { setFlagsFromString } from "node:v8";

export function keepHeapSmall(): void {
  setFlagsFromString("--heap-growing-percent=25");
  setFlagsFromString("--optimize-for-size");
}
