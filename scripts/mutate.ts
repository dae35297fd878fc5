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
import { MUTATED } from "../test/mutation/groups.ts";

const root = resolve(import.meta.dirname, "..");
const cache = join(root, "node_modules/.cache/mutation");
const LEAST_KILLED = 0.9;

type Place = { line: number; column: number };
type Mutant = {
  status: string;
  mutatorName: string;
  replacement: string;
  location: { start: Place; end: Place };
};
type Report = { files: Record<string, { source: string; mutants: Mutant[] }> };

/** The report of one group. */
function mutated(number: number): Report {
  const group = MUTATED[number];
  if (group === undefined) throw new Error(`there is no group ${number}`);
  const [config, report] = ["config", "report"].map((name) =>
    join(cache, `${number}.${name}.json`),
  );
  if (config === undefined || report === undefined) throw new Error("no file");
  const options = {
    testRunner: "vitest",
    vitest: { configFile: "vitest.mutation.config.ts" },
    mutate: group.files,
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
const excused = new Set(
  readFileSync(join(root, "test/mutation/survivors.txt"), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#")),
);
let [all, killed] = [0, 0];
const unknown: string[] = [];
for (const number of groups)
  for (const [file, { source, mutants }] of Object.entries(mutated(number).files))
    for (const mutant of mutants) {
      // With it nothing could even be loaded.
      if (mutant.status === "RuntimeError") continue;
      all += 1;
      if (mutant.status === "Killed" || mutant.status === "Timeout") killed += 1;
      else {
        const name = nameOf(file, source, mutant);
        if (!excused.has(name)) unknown.push(`${name}   (line ${mutant.location.start.line})`);
      }
    }
const share = `${((100 * killed) / all).toFixed(1)} %`;
process.stdout.write(`${killed} of ${all} mutants killed (${share})\n`);
if (unknown.length > 0) process.stdout.write(`alive, and not excused:\n${unknown.join("\n")}\n`);
process.exitCode = unknown.length > 0 || killed < all * LEAST_KILLED ? 1 : 0;
