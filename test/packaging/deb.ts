/** The package that `npm run package` makes of dist/ as it is. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  version: string;
};
export const DEB_NAME = `sallyport_${version}_amd64.deb`;

/** Its path; built first unless it is there and current. Test files that want it at once wait for one another. */
export function builtDeb(): string {
  const lock = join(root, "node_modules/.sallyport-package.lock");
  const words = [lock, process.execPath, join(root, "scripts/package.ts"), "--no-build"];
  run("flock", words);
  return join(root, "dist", DEB_NAME);
}

/** What a program of this machine says on stdout; throws where it fails. */
export function run(program: string, words: readonly string[], input = ""): string {
  const { status, stdout, stderr, error } = spawnSync(program, words, {
    encoding: "utf8",
    input,
    maxBuffer: 2 ** 26,
  });
  if (status === 0) return stdout;
  throw new Error(`${program} ${words.join(" ")}: ${error?.message ?? `${stdout}${stderr}`}`);
}

/** Whether this machine lacks a program that only a test needs; CI has them all (scripts/test). */
export function lacks(program: string): boolean {
  if (existsSync(`/usr/bin/${program}`)) return false;
  if (process.env["CI"] === "true") throw new Error(`${program} is not installed`);
  process.stderr.write(`tests that need ${program} are skipped: it is not installed\n`);
  return true;
}
