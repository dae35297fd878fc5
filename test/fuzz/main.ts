/**
 * Tries fresh inputs for as long as is asked; ends at the first that breaks a promise, and prints it shrunk.
 *
 *   npm run fuzz -- [--minutes N] [--seed N [--path P]] [TARGET...]     N minutes for each target; 1 without it
 */
import { parseArgs } from "node:util";
import { fuzz } from "./run.ts";
import type { Target } from "./target.ts";
import { grants } from "./targets/grants.ts";
import { TARGETS as READERS } from "./targets.ts";

const TARGETS = { ...READERS, grants };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: "string", default: "1" },
    seed: { type: "string" },
    path: { type: "string" },
  },
});
const known = Object.keys(TARGETS) as (keyof typeof TARGETS)[];
const names = positionals.length === 0 ? known : known.filter((name) => positionals.includes(name));
const [minutes, seed] = [Number(values.minutes), Number(values.seed ?? Date.now() % 2 ** 31)];
if (names.length < positionals.length || !(minutes > 0) || !Number.isInteger(seed)) {
  process.stderr.write(
    `usage: npm run fuzz -- [--minutes N] [--seed N [--path P]] [${known.join("|")}]...\n`,
  );
  process.exit(64);
}

let failed = 0;
for (const name of names) {
  const began = Date.now();
  const limits = {
    seed,
    path: values.path ?? "",
    runs: Number.MAX_SAFE_INTEGER,
    ms: minutes * 60_000,
  };
  const { tried, failure } = await fuzz<unknown>(TARGETS[name] as Target<unknown>, limits);
  const seconds = Math.round((Date.now() - began) / 1000);
  const end = failure === null ? "held" : `FAILED\n${failure}`;
  process.stdout.write(`${name}: seed ${seed}, ${tried} inputs in ${seconds} s: ${end}\n`);
  if (failure !== null) failed += 1;
}
process.exit(failed === 0 ? 0 : 1);
