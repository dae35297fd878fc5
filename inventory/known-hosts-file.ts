/** The files that hold pinned host keys: read once for all hosts, and appended to. */
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { plainNames, readKnownHosts, type KnownHost } from "./known-hosts.ts";

export type KnownHostsFiles = {
  /**
   * The lines that may be for one of `names`.
   * Throws where a file is there and cannot be read: a key that is revoked in it would pass.
   */
  linesFor(names: readonly string[], files: readonly string[]): KnownHost[];
  /** Throws where it cannot be written. */
  append(file: string, line: string): void;
};

export function knownHostsFiles(): KnownHostsFiles {
  const read = new Map<string, KnownLines>();
  const linesOf = (file: string): KnownLines => {
    const before = read.get(file);
    if (before !== undefined) return before;
    const lines = byName(readKnownHosts(textOf(file), file));
    read.set(file, lines);
    return lines;
  };
  return {
    linesFor: (names, files) =>
      files.map(linesOf).flatMap(({ named, others }) => {
        const found = names.flatMap((name) => named.get(name) ?? []);
        return [...new Set([...found, ...others])];
      }),
    append: (file, line) => {
      appendLine(file, line);
      read.delete(file);
    },
  };
}

/** A fleet has a line for each host, and each host asks for its own. */
type KnownLines = { named: Map<string, KnownHost[]>; others: KnownHost[] };

function byName(lines: readonly KnownHost[]): KnownLines {
  const known: KnownLines = { named: new Map(), others: [] };
  for (const line of lines) {
    const names = plainNames(line);
    if (names === null) known.others.push(line);
    for (const name of names ?? []) {
      const same = known.named.get(name);
      if (same === undefined) known.named.set(name, [line]);
      else same.push(line);
    }
  }
  return known;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return "";
    throw error;
  }
}

/** One write to the end of the file: another process that pins at the same time loses nothing. */
function appendLine(file: string, line: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const { O_RDWR, O_APPEND, O_CREAT } = constants;
  const fd = openSync(file, O_RDWR | O_APPEND | O_CREAT, 0o600);
  try {
    const { size } = fstatSync(fd);
    const last = Buffer.alloc(1);
    const open = size > 0 && readSync(fd, last, 0, 1, size - 1) === 1 && last[0] !== 10;
    const bytes = Buffer.from(`${open ? "\n" : ""}${line}`);
    if (writeSync(fd, bytes) !== bytes.length) throw new Error(`${file}: written in part`);
  } finally {
    closeSync(fd);
  }
}
