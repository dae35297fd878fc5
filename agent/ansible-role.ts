/** The Ansible role as it is packaged: constant texts, to which `sallyport export ansible` adds data. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Written in by the build; from source the folder is read. */
declare const ROLE_FILES: Readonly<Record<string, string>>;

/** Path within the role to its text. */
export function roleFiles(): Readonly<Record<string, string>> {
  if (typeof ROLE_FILES !== "undefined") return ROLE_FILES;
  return filesIn(join(import.meta.dirname, "../packaging/ansible/roles/sallyport"));
}

export function filesIn(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}
