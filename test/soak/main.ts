/**
 * Asks lab hosts for everything at random while everything breaks, and looks afterwards whether what was promised holds.
 *
 *   npm run soak -- [--minutes N] [--seed S] [--hosts N] [--lanes N]
 *
 * Ends with 0 where all holds, 1 where something does not. ^C ends it early; what was done is examined all the same.
 */
import { parseArgs } from "node:util";
import { reportOf, violationsOf } from "./report.ts";
import { soak } from "./run.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    seed: { type: "string" },
    hosts: { type: "string", default: "2" },
    lanes: { type: "string", default: "3" },
  },
});
const [minutes, seed] = [Number(values.minutes), Number(values.seed ?? Date.now() % 2 ** 31)];
const [hosts, lanes] = [Number(values.hosts), Number(values.lanes)];
const small = (number: number): boolean => Number.isInteger(number) && number >= 1 && number <= 9;
if (!(minutes > 0) || !Number.isInteger(seed) || !small(hosts) || !small(lanes)) {
  process.stderr.write(
    "usage: npm run soak -- [--minutes N] [--seed S] [--hosts 1-9] [--lanes 1-9]\n",
  );
  process.exit(64);
}
const interrupt = new AbortController();
process.once("SIGINT", () => interrupt.abort());
process.once("SIGTERM", () => interrupt.abort());

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const { signal } = interrupt;
const soaked = await soak({ seed, ms: minutes * 60_000, hosts, lanes, print, signal });
print(reportOf(soaked));
const violations = violationsOf(soaked, seed);
if (violations !== "") print(violations);
process.exitCode = violations === "" ? 0 : 1;
