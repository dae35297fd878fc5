/**
 * What the command line imports late (`await import`) becomes a part of its own in the executable: a text
 * that is not even parsed before it is asked for. In one bundle with the rest, the servers' packages would
 * cost every command as much again as its own.
 */
import { resolve } from "node:path";
import { build, type BuildOptions, type Plugin } from "esbuild";

const PREFIX = "late:";

/**
 * Takes the place of `require` in the bundle: an executable's own knows builtins only. A text is
 * compiled by node:vm, for the runtime is sealed against code from strings in every other way.
 */
export const LATE_REQUIRE = `require = ((builtin) => {
  const loaded = new Map();
  const load = (name) => {
    const text = builtin("node:sea").getAsset(name, "utf8");
    const { Script } = builtin("node:vm");
    const part = { exports: {} };
    new Script("(function (exports, require, module) {" + text + "\\n})", { filename: name })
      .runInThisContext()(part.exports, builtin, part);
    loaded.set(name, part.exports);
    return part.exports;
  };
  return (name) => (name.startsWith("${PREFIX}") ? (loaded.get(name) ?? load(name)) : builtin(name));
})(require);`;

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
  for (const [name, file] of parts) {
    const { outputFiles } = await build({ ...options, entryPoints: [file], write: false });
    texts.set(name, outputFiles[0]?.text ?? "");
  }
  return texts;
}
