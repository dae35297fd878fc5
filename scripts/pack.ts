/** Puts CommonJS texts and the pinned Node into a single executable with every known door closed. */
import { chmodSync, copyFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { compile } from "./compiled.ts";
import { asFunction, COMPILED } from "./late-parts.ts";
import { sealedRuntime } from "./runtime.ts";

/** Nothing from the environment or the caller becomes an option; what else is closed: interpreter.ts and seal.ts. */
const SEA_CONFIG = {
  execArgvExtension: "none",
  disableExperimentalSEAWarning: true,
  useSnapshot: false,
  useCodeCache: false,
};

type Sea = (entry: string, options: object) => Promise<void>;

/** `parts`: texts that the program finds with `node:sea`, by name; `bytes`: files that it finds in the same way. */
type Extras = { parts?: ReadonlyMap<string, string>; bytes?: ReadonlyMap<string, string> };

/** Writes `out`/`name`; `options` are Node's; `work` is a scratch folder whose path does not get into the binary. */
export async function pack(
  text: string,
  name: string,
  work: string,
  out: string,
  options: readonly string[],
  { parts = new Map(), bytes = new Map() }: Extras = {},
): Promise<void> {
  const require = createRequire(import.meta.url);
  const { default: sea } = require("@yao-pkg/pkg/lib-es5/sea.js") as { default: Sea };
  const entry = join(work, `${name}.cjs`);
  const output = join(work, name);
  const node = join(work, "node");
  writeFileSync(entry, text);
  writeFileSync(node, sealedRuntime(), { mode: 0o755 });
  // pkg makes its own folder in TMPDIR and goes there, so that this relative path is the same everywhere.
  process.env["TMPDIR"] = work;
  const target = { nodeRange: "node24", platform: "linux", arch: process.arch, output };
  const assets: Record<string, string> = {};
  const files: string[] = [];
  for (const [part, partText] of parts) {
    const file = `part-${files.length}.cjs`;
    writeFileSync(join(work, file), asFunction(partText));
    files.push(join(work, file));
    assets[part] = `../${file}`;
    assets[part + COMPILED] = `../${file}${COMPILED}`;
  }
  compile(node, files, options);
  let copied = 0;
  for (const [part, file] of bytes) {
    copied += 1;
    // Where node_modules is does not get into the binary.
    copyFileSync(file, join(work, `part-${copied}.bytes`));
    assets[part] = `../part-${copied}.bytes`;
  }
  // What follows the last is for the program alone. It does not stop Node from looking: seal.ts does.
  const execArgv = [...options, "--"];
  const seaConfig = { ...SEA_CONFIG, execArgv, main: `../${name}.cjs`, assets };
  await sea(entry, { targets: [target], nodePath: node, seaConfig });
  chmodSync(output, 0o755);
  renameSync(output, join(out, name));
}
