/**
 * Changes the trusted base in one small way after the other, and sees whether a test fails each time.
 *
 *   npm run mutate [-- NUMBER...]     the groups of test/mutation/groups.ts with these numbers, from 0; all without
 *
 * Ends with 1 where a mutant lives that test/mutation/survivors.txt does not name with a reason, or fewer
 * than 90 of 100 are killed. Needs root, and folders of its own: scripts/alone.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { MUTATED, type Part } from "../test/mutation/groups.ts";

const root = resolve(import.meta.dirname, "..");
const cache = join(root, "node_modules/.cache/mutation");
const LEAST_KILLED = 0.9;
const CONFIG = "vitest.mutation.config.ts";
const IN_THREADS = { testRunner: "vitest", vitest: { configFile: CONFIG } };
/** A new process for each mutant, with the tests of the group: `MUTATE_TESTS`. */
const command = `node node_modules/vitest/vitest.mjs run --bail 1 --config ${CONFIG}`;
const IN_PROCESSES = { testRunner: "command", commandRunner: { command } };

type Place = { line: number; column: number };
type Mutant = {
  status: string;
  mutatorName: string;
  replacement: string;
  location: { start: Place; end: Place };
};
type Report = { files: Record<string, { source: string; mutants: Mutant[] }> };

/** As Stryker wants to have it: with numbers of lines, which change with every edit above. */
function linesOf(part: string | Part): string {
  if (typeof part === "string") return part;
  const lines = readFileSync(join(root, part.file), "utf8").split("\n");
  const at = (text: string): number => {
    const [found, ...more] = lines.flatMap((line, number) => (line.startsWith(text) ? number : []));
    if (found === undefined || more.length > 0)
      throw new Error(`${part.file} has not one line that begins with "${text}"`);
    return found;
  };
  const last = part.to === undefined ? lines.length : at(part.to);
  return `${part.file}:${part.from === undefined ? 1 : at(part.from) + 1}-${last}`;
}

/** The report of one group. */
function mutated(number: number): Report {
  const group = MUTATED[number];
  if (group === undefined) throw new Error(`there is no group ${number}`);
  const [config, report] = ["config", "report"].map((name) =>
    join(cache, `${number}.${name}.json`),
  );
  if (config === undefined || report === undefined) throw new Error("no file");
  const options = {
    ...(group.processes === true ? IN_PROCESSES : IN_THREADS),
    mutate: group.parts.map(linesOf),
    reporters: ["json", "progress-append-only"],
    jsonReporter: { fileName: report },
    allowConsoleColors: false,
    concurrency: 1,
    // A machine that does other things too must not make a slow test look like one that a mutant hangs.
    timeoutMS: 60_000,
    ignorePatterns: ["dist", ".mutation"],
    tempDirName: `.mutation/${number}`,
    // Stryker would rewrite it with a part of TypeScript that version 7 does not have.
    tsconfigFile: "none",
  };
  writeFileSync(config, JSON.stringify(options));
  const { status } = spawnSync(join(root, "node_modules/.bin/stryker"), ["run", config], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, MUTATE_TESTS: group.tests.join(" ") },
  });
  if (status !== 0) throw new Error(`stryker ended with ${status}`);
  return JSON.parse(readFileSync(report, "utf8")) as Report;
}

/** A mutant on one line, without a line number: those change with every edit above. */
function nameOf(
  file: string,
  source: string,
  { mutatorName, replacement, location }: Mutant,
): string {
  const lines = source.split("\n").slice(location.start.line - 1, location.end.line);
  const last = lines.length - 1;
  lines[last] = (lines[last] ?? "").slice(0, location.end.column - 1);
  lines[0] = (lines[0] ?? "").slice(location.start.column - 1);
  const flat = (text: string): string => text.replace(/\s+/g, " ").trim();
  return `${file} ${mutatorName}: ${flat(lines.join("\n"))} => ${flat(replacement)}`;
}

mkdirSync(cache, { recursive: true });
const numbers = process.argv.slice(2).map(Number);
const groups = numbers.length === 0 ? [...MUTATED.keys()] : numbers;
/** Each excuses one: two that read alike are named twice. */
const excused = readFileSync(join(root, "test/mutation/survivors.txt"), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"));
const unknown: string[] = [];
const total = { all: 0, killed: 0 };
for (const number of groups) {
  const here = { all: 0, killed: 0 };
  for (const [file, { source, mutants }] of Object.entries(mutated(number).files))
    // With what ends in an error nothing could even be loaded.
    for (const mutant of mutants.filter(({ status }) => status !== "RuntimeError")) {
      here.all += 1;
      if (mutant.status === "Killed" || mutant.status === "Timeout") here.killed += 1;
      else {
        const name = nameOf(file, source, mutant);
        const at = excused.indexOf(name);
        if (at >= 0) excused.splice(at, 1);
        else unknown.push(`${name}   (line ${mutant.location.start.line})`);
      }
    }
  tell(`group ${number}`, here);
  total.all += here.all;
  total.killed += here.killed;
}
if (groups.length > 1) tell("together", total);
if (unknown.length > 0) process.stdout.write(`alive, and not excused:\n${unknown.join("\n")}\n`);
// Not an error: on another day a busy machine may kill what lives.
if (numbers.length === 0 && excused.length > 0)
  process.stdout.write(`excused, and killed:\n${excused.join("\n")}\n`);
process.exitCode = unknown.length > 0 || total.killed < total.all * LEAST_KILLED ? 1 : 0;

function tell(what: string, { all, killed }: typeof total): void {
  const share = ((100 * killed) / all).toFixed(1);
  process.stdout.write(`${what}: ${killed} of ${all} mutants killed (${share} %)\n`);
}
