/**
 * What V8 made of a text, kept beside it, so that an executable begins with it and not with compiling: a third
 * of what a short command takes. The helper goes without: it is small, and would gain a millisecond.
 */
import { spawnSync } from "node:child_process";
import { COMPILED } from "./late-parts.ts";

/** One argument for each file. With a seed of its own V8 makes other bytes each time. */
const MAKE = `
  const { readFileSync, writeFileSync } = require("node:fs");
  const { Script } = require("node:vm");
  for (const file of process.argv.slice(1))
    writeFileSync(file + "${COMPILED}", new Script(readFileSync(file, "utf8")).createCachedData());`;
/** V8 takes none that was made with other options, or by another V8; it would compile the text and say nothing. */
const TRY = `
  const { readFileSync } = require("node:fs");
  const { Script } = require("node:vm");
  for (const file of process.argv.slice(1)) {
    const cachedData = readFileSync(file + "${COMPILED}");
    if (new Script(readFileSync(file, "utf8"), { cachedData }).cachedDataRejected !== false)
      throw new Error("V8 does not take what it made of " + file);
  }`;

/** Writes FILE:compiled for each file, by `node`; throws where `node` with `options` would not take it. */
export function compile(node: string, files: readonly string[], options: readonly string[]): void {
  for (const words of [
    ["--random-seed=1", "-e", MAKE],
    [...options, "-e", TRY],
  ]) {
    const { status, stderr } = spawnSync(node, [...words, "--", ...files], { encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
  }
}
