/** The Node runtime that goes into both binaries: pinned by package-lock.json with its integrity hash. */
import { createRequire } from "node:module";

export function runtime(): string {
  const require = createRequire(import.meta.url);
  return require.resolve(`node-linux-${process.arch}/bin/node`);
}
