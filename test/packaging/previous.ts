/** The package of an earlier version: of these sources, with a lower number. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { run } from "./deb.ts";

const root = resolve(import.meta.dirname, "../..");
export const PREVIOUS = "0.0.9";
const NAME = `sallyport_${PREVIOUS}_amd64.deb`;
const folder = join(root, "dist/previous");
/** As a lab host sees it. */
export const PREVIOUS_DEB = `/opt/sallyport/previous/${NAME}`;

const FOLDERS = ["agent", "helper", "inventory", "packaging", "protocol", "scripts", "sudoers"];
const FILES = ["CHANGELOG.md", "LICENSE", "package-lock.json", "package.json", "tsconfig.json"];

/** Builds both programs and the package; elsewhere, for other tests look at dist/ meanwhile. */
export function buildPrevious(): void {
  const checkout = mkdtempSync(join(tmpdir(), "sallyport-previous-"));
  try {
    for (const name of FOLDERS) cpSync(join(root, name), join(checkout, name), { recursive: true });
    for (const name of FILES) cpSync(join(root, name), join(checkout, name));
    symlinkSync(join(root, "node_modules"), join(checkout, "node_modules"));
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      version: string;
    };
    lower(join(checkout, "package.json"), `"version": "${version}"`, `"version": "${PREVIOUS}"`);
    lower(join(checkout, "CHANGELOG.md"), `## ${version} (`, `## ${PREVIOUS} (`);
    run(process.execPath, [join(checkout, "scripts/build.ts")]);
    run(process.execPath, [join(checkout, "scripts/package.ts"), "--no-build"]);
    mkdirSync(folder, { recursive: true });
    cpSync(join(checkout, "dist", NAME), join(folder, NAME));
  } finally {
    rmSync(checkout, { recursive: true, force: true });
  }
}

export function removePrevious(): void {
  if (existsSync(folder)) rmSync(folder, { recursive: true });
}

function lower(file: string, from: string, to: string): void {
  const text = readFileSync(file, "utf8");
  if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
  writeFileSync(file, text.replace(from, to));
}
