/** A small YAML file of settings: every key known, every error with its place. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import {
  isCollection,
  isMap,
  isScalar,
  LineCounter,
  parseDocument,
  visit,
  type Document,
} from "yaml";
import type { z } from "zod";

const FILE_MAX_BYTES = 65_536;

/** A reason to refuse, lowercase, without a period; `hint` is a command. */
export type Flaw = { flaw: string; hint?: string };

/** What `file` has; the defaults where there is none and `optional`. */
export function readSettingsFile<Schema extends z.ZodType>(
  schema: Schema,
  file: string,
  optional: boolean,
): z.output<Schema> | Flaw {
  const text = readSmallFile(file);
  if (text === null) {
    return optional ? schema.parse({}) : { flaw: `${file}: there is no such file` };
  }
  return typeof text === "string" ? parseSettingsText(schema, text, file) : text;
}

/** Null where there is none. Whoever can write the file decides who may talk to root: not everybody. */
function readSmallFile(file: string): string | Flaw | null {
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT" ? null : { flaw: `${file}: it cannot be read (${code})` };
  }
  try {
    const { mode, size } = fstatSync(fd);
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) return { flaw: `${file}: it is no file` };
    if ((mode & 0o022) !== 0)
      return { flaw: `${file}: others can write it`, hint: `chmod go-w ${file}` };
    if (size > FILE_MAX_BYTES) return { flaw: `${file}: it is longer than 64 KiB` };
    return readFileSync(fd, "utf8");
  } finally {
    closeSync(fd);
  }
}

/** `file` is for the messages. */
export function parseSettingsText<Schema extends z.ZodType>(
  schema: Schema,
  text: string,
  file: string,
): z.output<Schema> | Flaw {
  const parsed = parsePlacedSettings(schema, text, file);
  return "flaw" in parsed ? parsed : parsed.value;
}

/** `lineOf`: of the value at a path in the file, from 1. */
export type PlacedSettings<Value> = {
  value: Value;
  lineOf: (path: readonly string[]) => number;
};

/** As `parseSettingsText`, with the line of each value. */
export function parsePlacedSettings<Schema extends z.ZodType>(
  schema: Schema,
  text: string,
  file: string,
): PlacedSettings<z.output<Schema>> | Flaw {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined) return { flaw: `${at(error.pos[0])}: ${plain(error.message)}` };

  let alias: number | undefined;
  visit(document, { Alias: (_, { range }) => void (alias ??= range?.[0]) });
  if (alias !== undefined) return { flaw: `${at(alias)}: an alias is not taken here` };

  // Zod leaves it out of a record without a word.
  let proto: number | undefined;
  visit(document, {
    Pair: (_, { key }) => {
      if (isScalar(key) && key.value === "__proto__") proto ??= key.range?.[0] ?? 0;
    },
  });
  if (proto !== undefined) return { flaw: `${at(proto)}: __proto__: there is no such setting` };

  const parsed = schema.safeParse(document.toJS() ?? {});
  if (parsed.success) {
    const lineOf = (path: readonly string[]): number =>
      lines.linePos(offsetOf(document, path, false)).line;
    return { value: parsed.data, lineOf };
  }
  const [issue] = parsed.error.issues;
  if (issue === undefined) throw new Error("a failed parse without an issue");
  const key = issue.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  const path = [...issue.path, ...(key === undefined ? [] : [key])];
  const message = key === undefined ? plain(issue.message) : "there is no such setting";
  const name = path.length === 0 ? "" : `${path.join(".")}: `;
  return { flaw: `${at(offsetOf(document, path, key !== undefined))}: ${name}${message}` };
}

function plain(message: string): string {
  const [line = ""] = message.split("\n");
  return `${line.charAt(0).toLowerCase()}${line.slice(1)}`.replace(/\.$/, "");
}

/** Where the value at `path` begins in the file, or its key. */
function offsetOf(document: Document.Parsed, path: readonly PropertyKey[], key: boolean): number {
  if (key) {
    const parent: unknown = document.getIn(path.slice(0, -1), true);
    const map = isMap(parent) ? parent : document.contents;
    if (isMap(map)) {
      for (const { key: node } of map.items)
        if (isScalar(node) && String(node.value) === path.at(-1)) return node.range?.[0] ?? 0;
    }
  }
  for (let length = path.length; length >= 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (isCollection(node) || isScalar(node)) return node.range?.[0] ?? 0;
  }
  return 0;
}
