/** Counts what runs as root: the files of the helper's bundle, their lines, and the builtins they load. */
import { readFileSync, readdirSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import type { Metafile } from "esbuild";
import { runtimeVersion } from "./runtime.ts";

export type TrustedBase = {
  /** `code` leaves out blank lines and lines that are only comment. */
  files: { file: string; lines: number; code: number }[];
  builtins: string[];
  text: string;
};

export function trustedBase(root: string, metafile: Metafile): TrustedBase {
  // Files that hold only types are not in the bundle, but a reader has to read them too.
  const sources = ["helper", "protocol"].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith(".ts"))
      .map((name) => `${folder}/${name}`),
  );
  const files = [...new Set([...Object.keys(metafile.inputs), ...sources])]
    .toSorted()
    .map((file) => {
      const lines = readFileSync(join(root, file), "utf8").trimEnd().split("\n");
      const code = lines.filter((line) => !/^\s*(?:$|\/\/|\/\*|\*)/.test(line));
      return { file, lines: lines.length, code: code.length };
    });
  const imports = Object.values(metafile.inputs).flatMap((input) => input.imports);
  const loaded = imports.filter(({ external }) => external).map(({ path }) => path);
  const asked = files.flatMap(({ file }) => [
    ...readFileSync(join(root, file), "utf8").matchAll(/getBuiltinModule\("([^"]+)"\)/g),
  ]);
  const builtins = [...new Set([...loaded, ...asked.map(([, name = ""]) => name)])].toSorted();
  const sum = (key: "lines" | "code"): number => files.reduce((all, one) => all + one[key], 0);
  const row = (lines: number, code: number, file: string): string =>
    `${String(lines).padStart(5)} ${String(code).padStart(5)}  ${file}`;
  const text = [
    "What runs as root, beside Node's runtime. Made by `npm run build -- --trusted-base`.",
    "",
    "lines  code  file",
    ...files.map(({ file, lines, code }) => row(lines, code, file)),
    row(sum("lines"), sum("code"), "total"),
    "",
    "builtins",
    ...builtins.map((name) => `  ${name}${isBuiltin(name) ? "" : " (not a builtin)"}`),
    "",
    `runtime  ${runtimeVersion()}`,
    "",
  ].join("\n");
  return { files, builtins, text };
}
