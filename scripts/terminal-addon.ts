/**
 * Compiles the one native addon, pseudo-terminals: node-pty's source, pinned by package-lock.json, against the
 * headers of the pinned runtime. A file of its own beside dist/sallyport, which knows its digest.
 */
import { spawnSync } from "node:child_process";
import { dirname, relative } from "node:path";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** The packages it is made of. */
export const ADDON_PACKAGES = ["node-pty", "node-addon-api"];

/** No path and no time of the building machine goes in. */
const FLAGS = [
  ..."-std=c++17 -O2 -fPIC -shared -fexceptions -fstack-protector-strong".split(" "),
  ..."-D_FORTIFY_SOURCE=2 -DNAPI_CPP_EXCEPTIONS -DNODE_GYP_MODULE_NAME=pty".split(" "),
  ..."-DBUILDING_NODE_EXTENSION -s -Wl,--build-id=none -Wl,-z,relro,-z,now".split(" "),
];

/** `root`: the checkout. Writes `file`; throws with the compiler's words where it has some. */
export function compileTerminalAddon(root: string, file: string): void {
  const folder = (name: string): string =>
    relative(root, dirname(require.resolve(`${name}/package.json`, { paths: [root] })));
  const [pty, api] = ADDON_PACKAGES.map(folder);
  const headers = `${folder(`node-linux-${process.arch}`)}/include/node`;
  const { status, stderr, error } = spawnSync(
    "/usr/bin/g++",
    [
      ...FLAGS,
      "-include",
      "agent/terminal/close-on-exec.h",
      ...[headers, api].map((path) => `-I${path}`),
      ...[pty, api].map((path, at) => `-ffile-prefix-map=${path}=${ADDON_PACKAGES[at]}`),
      "-o",
      file,
      `${pty}/src/unix/pty.cc`,
      "-lutil",
    ],
    { cwd: root, encoding: "utf8", env: { PATH: "/usr/bin:/bin", LC_ALL: "C" } },
  );
  if (status === 0) return;
  throw new Error(`the terminal addon was not compiled: ${error?.message ?? stderr}`);
}
