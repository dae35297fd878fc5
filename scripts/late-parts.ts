/**
 * What the command line imports late (`await import`) becomes a part of its own in the executable: a text
 * that is not even parsed before it is asked for. In one bundle with the rest, the servers' packages would
 * cost every command as much again as its own.
 */
import { resolve } from "node:path";
import { build, type BuildOptions, type Plugin } from "esbuild";

const PREFIX = "late:";

/** The part that the executable begins with. */
export const FIRST = `${PREFIX}first`;
/** Added to the name of a part: what V8 made of its text, see compiled.ts. */
export const COMPILED = ":compiled";

/**
 * Takes the place of `require` in each bundle: an executable's own knows builtins only. A text is
 * compiled by node:vm, for the runtime is sealed against code from strings in every other way.
 */
export const LATE_REQUIRE = `require = ((builtin) => {
  const loaded = new Map();
  const load = (name) => {
    const { getAsset, getRawAsset } = builtin("node:sea");
    const { Script } = builtin("node:vm");
    const cachedData = new Uint8Array(getRawAsset(name + "${COMPILED}"));
    const part = { exports: {} };
    new Script(getAsset(name, "utf8"), { filename: name, cachedData })
      .runInThisContext()(part.exports, builtin, part);
    loaded.set(name, part.exports);
    return part.exports;
  };
  return (name) => (name.startsWith("${PREFIX}") ? (loaded.get(name) ?? load(name)) : builtin(name));
})(require);`;

/** A text as `load` compiles it. */
export function asFunction(text: string): string {
  return `(function (exports, require, module) {${text.replace(/^#!.*/, "")}\n})`;
}

/** Leaves late imports out, and notes their files by the name of their part. */
export function latePlugin(parts: Map<string, string>): Plugin {
  return {
    name: "late-parts",
    setup(bundle) {
      bundle.onResolve({ filter: /^\.\.?\// }, ({ kind, path, resolveDir }) => {
        if (kind !== "dynamic-import") return null;
        const file = resolve(resolveDir, path);
        const name = `${PREFIX}${path.replace(/^[./]+/, "").replace(/\.ts$/, "")}`;
        parts.set(name, file);
        return { path: name, external: true };
      });
    },
  };
}

/** The text of each part, whole: what it shares with the rest it has once more. */
export async function lateTexts(
  parts: ReadonlyMap<string, string>,
  options: BuildOptions,
): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  // esbuild finds them in an order of the moment, and the same sources give the same bytes.
  for (const name of [...parts.keys()].toSorted()) {
    const file = parts.get(name) ?? "";
    const { outputFiles } = await build({ ...options, entryPoints: [file], write: false });
    texts.set(name, outputFiles[0]?.text ?? "");
  }
  return texts;
}
