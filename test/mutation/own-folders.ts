/** Before the tests that act on the helper's folders in their own process: those folders are not the machine's. */
import { statSync } from "node:fs";
import { dirname } from "node:path";

for (const folder of ["/etc/sallyport", "/var/log", "/run/sallyport", "/var/lib/sallyport"]) {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found === undefined || found.dev === statSync(dirname(folder)).dev) {
    throw new Error(`${folder} is this machine's: scripts/alone PROGRAM gives it one of its own`);
  }
}
