/** Pseudo-terminals. Node has none of its own: the one native addon is loaded here, and nowhere else. */
import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { BUILD } from "../build.ts";

export type Pty = {
  /** Descriptors of both ends, not blocking, closed in every program that is started. */
  master: number;
  slave: number;
  /** Path of the slave. */
  path: string;
};

type Addon = {
  open: (columns: number, rows: number) => { master: number; slave: number; pty: string };
};

let addon: Addon | null = null;

/** Throws where the addon is missing or not the one this program was built with. */
export function openPty(columns: number, rows: number): Pty {
  addon ??= load(BUILD.ptySha256 === null ? [fromSource()] : besideExecutable());
  const { master, slave, pty } = addon.open(columns, rows);
  return { master, slave, path: pty };
}

/** Where `npm run build` has put it. */
function fromSource(): string {
  return fileURLToPath(new URL("../../dist/pty.node", import.meta.url));
}

/** As it is built, and as the package lays it out. Never below $HOME or in a cache, where others could put theirs. */
function besideExecutable(): string[] {
  const folder = dirname(realpathSync(process.execPath));
  return [join(folder, "pty.node"), join(folder, "../lib/sallyport/pty.node")];
}

function load(places: readonly string[]): Addon {
  const place = places.find((path) => statSync(path, { throwIfNoEntry: false }) !== undefined);
  if (place === undefined) throw new Error(`no terminals: ${places.join(" and ")} are missing`);
  const file = openSync(place, "r");
  try {
    const { uid, mode } = fstatSync(file);
    const owner = statSync(process.execPath).uid;
    if (BUILD.ptySha256 !== null) {
      if ((uid !== owner && uid !== 0) || (mode & 0o022) !== 0)
        throw new Error(`no terminals: others can write ${place}`);
      if (createHash("sha256").update(readFileSync(file)).digest("hex") !== BUILD.ptySha256)
        throw new Error(`no terminals: ${place} is not the one of this build`);
    }
    const loaded = { exports: {} };
    // The file that was looked at, whatever has its name by now.
    process.dlopen(loaded, `/proc/self/fd/${file}`);
    return loaded.exports as Addon;
  } finally {
    closeSync(file);
  }
}
