/**
 * Builds dist/sallyport_VERSION_amd64.deb from what is in dist/, which it builds first where sources are newer.
 *
 *   npm run package [-- --out DIR]
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
const { values } = parseArgs({ options: { out: { type: "string", default: dist } } });

/** Whether dist/ is there and no file that it is made of has changed since. */
function isBuilt(): boolean {
  const names = ["build.json", "sallyport", "sallyport-helper"].map((name) => join(dist, name));
  if (!names.every((name) => existsSync(name))) return false;
  const built = statSync(join(dist, "build.json")).mtimeMs;
  const sources = globSync(
    ["{protocol,helper,sudoers,agent}/**/*", "scripts/*.ts", "package.json", "package-lock.json"],
    { cwd: root },
  );
  return sources.every((file) => statSync(join(root, file)).mtimeMs <= built);
}

async function main(): Promise<void> {
  if (!isBuilt()) {
    const { status } = spawnSync(process.execPath, [join(root, "scripts/build.ts")], {
      stdio: "inherit",
    });
    if (status !== 0) throw new Error("the build failed");
  }
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    version: string;
  };
  const changelog = debianChangelog(readFileSync(join(root, "CHANGELOG.md"), "utf8"), version);
  const out = resolve(values.out);
  mkdirSync(out, { recursive: true });
  const work = mkdtempSync(join(out, ".package-"));
  try {
    const bundled = await bundledPackages(root);
    const files = installedFiles(root, dist, version, changelog.text, bundled);
    stage(work, files, controlFiles(root, version, files), changelog.seconds);
    const deb = join(out, `sallyport_${version}_amd64.deb`);
    buildDeb(work, deb, changelog.seconds);
    process.stdout.write(`built ${deb}: ${statSync(deb).size} bytes\n`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

await main();
