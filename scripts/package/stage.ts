/** Lays the files of the package out in a folder, each with the one mode and time it has in the package. */
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { PackageFile } from "./layout.ts";

/** `seconds`: time of every file and folder, since 1970. */
export function stage(
  folder: string,
  files: readonly PackageFile[],
  control: readonly PackageFile[],
  seconds: number,
): void {
  for (const { path, mode, from } of [
    ...files,
    ...control.map((file) => ({ ...file, path: `DEBIAN/${file.path}` })),
  ]) {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    if (typeof from === "string") copyFileSync(from, target);
    else writeFileSync(target, from);
    chmodSync(target, mode);
    utimesSync(target, seconds, seconds);
  }
  const folders = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
  for (const one of [...folders, folder]) {
    chmodSync(one, 0o755);
    utimesSync(one, seconds, seconds);
  }
}
