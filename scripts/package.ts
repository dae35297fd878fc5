/**
 * Builds dist/sallyport_VERSION_amd64.deb around the programs in dist/, which it builds first where
 * sources are newer. Does nothing where nothing is newer than the package.
 *
 *   npm run package [-- --out DIR] [--no-build]      --no-build takes dist/ as it is
 *
 * The same dist/ gives the same package: no folder, time, user or umask of the building machine goes in.
 */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { bundledPackages } from "./package/bundled.ts";
import { debianChangelog } from "./package/changelog.ts";
import { controlFiles } from "./package/control.ts";
import { buildDeb } from "./package/deb.ts";
import { installedFiles } from "./package/layout.ts";
import { stage } from "./package/stage.ts";

const root = resolve(import.meta.dirname, "..");
const dist = join(root, "dist");
const { values } = parseArgs({
  options: {
    out: { type: "string", default: dist },
    "no-build": { type: "boolean", default: false },
  },
});

const PROGRAMS = [
  "{protocol,helper,sudoers,inventory,agent}/**/*",
  "packaging/ansible/roles/**/*",
  "scripts/*.ts",
  "package.json",
  "package-lock.json",
];
const PACKAGE = ["dist/build.json", "packaging/**/*", "scripts/package/*", "CHANGELOG.md"];

/** Whether `file` is there and none of `sources` (globs) has changed since. */
function isCurrent(file: string, sources: readonly string[]): boolean {
  const made = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const found = globSync(sources, { cwd: root });
  return found.every((source) => statSync(join(root, source)).mtimeMs <= made);
}

function buildPrograms(): void {
  const complete = ["sallyport", "sallyport-helper", "pty.node"].every((name) =>
    existsSync(join(dist, name)),
  );
  if (complete && isCurrent(join(dist, "build.json"), PROGRAMS)) return;
  const { status } = spawnSync(process.execPath, [join(root, "scripts/build.ts")], {
    stdio: "inherit",
  });
  if (status !== 0) throw new Error("the build failed");
}

async function main(): Promise<void> {
  if (!values["no-build"]) buildPrograms();
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    version: string;
  };
  const out = resolve(values.out);
  const deb = join(out, `sallyport_${version}_amd64.deb`);
  if (isCurrent(deb, PACKAGE)) {
    process.stdout.write(`already built: ${deb}\n`);
    return;
  }
  mkdirSync(out, { recursive: true });
  const work = mkdtempSync(join(out, ".package-"));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(signal, () => {
      rmSync(work, { recursive: true, force: true });
      process.exit(130);
    });
  try {
    const changelog = debianChangelog(readFileSync(join(root, "CHANGELOG.md"), "utf8"), version);
    const bundled = await bundledPackages(root);
    const files = installedFiles(root, dist, version, changelog.text, bundled);
    const folder = join(work, "root");
    stage(folder, files, controlFiles(root, version, files), changelog.seconds);
    const draft = join(work, "package.deb");
    buildDeb(folder, draft, changelog.seconds);
    renameSync(draft, deb);
    process.stdout.write(`built ${deb}: ${statSync(deb).size} bytes\n`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

await main();
