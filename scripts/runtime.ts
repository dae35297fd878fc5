/** The Node runtime that goes into both binaries: pinned by package-lock.json with its integrity hash. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { seal } from "./seal.ts";

const require = createRequire(import.meta.url);
const PACKAGE = `node-linux-${process.arch}`;

export function runtime(): string {
  return require.resolve(`${PACKAGE}/bin/node`);
}

/** The bytes that go into a binary. */
export function sealedRuntime(): Buffer {
  return seal(readFileSync(runtime()));
}

export function runtimeVersion(): string {
  const text = readFileSync(require.resolve(`${PACKAGE}/package.json`), "utf8");
  return `Node.js ${(JSON.parse(text) as { version: string }).version}`;
}
