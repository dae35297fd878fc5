/** A word of a command, as far as it can be known before it runs. */
import { unescapeAnsiC } from "./ansi-c.ts";
import type { Node } from "./grammar.ts";

/** Stands in a word for what is known only when it runs. A noncharacter: no text has it. */
export const UNKNOWN = "\uFFFF";

export type Word = {
  /** Without its quotes; `UNKNOWN` for each part that cannot be known; `~` for the home directory. */
  text: string;
  /** Some part is known only when it runs, though `text` may have a guess at it. */
  dynamic: boolean;
  /** The file system decides what becomes of it. */
  glob: boolean;
  /** One word that becomes several: `{rm,-rf}`. */
  brace: boolean;
  /** Quotes or backslashes within the word, not around it: nobody writes `r"m"` without a reason. */
  patchwork: boolean;
  /** An expansion that hides more than it says: `${!x}`, `${x@P}`, or a kind not known here. */
  opaque: boolean;
  start: number;
  end: number;
};

/** What the words of a script are read with. */
export type Reader = {
  source: string;
  /** The last static value of a variable that the same text assigns. */
  value(name: string): string | null;
  /** What a substitution prints, where that is plain from its text. */
  printed(substitution: Node): string | null;
};

type Mutable = Omit<Word, "start" | "end">;

export function staticWord(text: string, start: number, end: number): Word {
  return { ...plain(text), start, end };
}

function plain(text: string): Mutable {
  return { text, dynamic: false, glob: false, brace: false, patchwork: false, opaque: false };
}

export function readWord(node: Node, reader: Reader): Word {
  const word = read(node, reader);
  // In a script within a script what is unknown outside is unknown inside.
  if (word.text.includes(UNKNOWN)) word.dynamic = true;
  return { ...word, start: node.start, end: node.end };
}

function read(node: Node, reader: Reader): Mutable {
  const source = reader.source.slice(node.start, node.end);
  switch (node.type) {
    case "word":
    case "number":
    case "variable_name":
    case "special_variable_name":
    case "extglob_pattern":
    case "regex":
    case "test_operator":
    case "file_descriptor":
      return node.children.length > 0 ? joined(node, reader) : bare(source);
    case "command_name":
      return node.children[0] === undefined ? bare(source) : read(node.children[0], reader);
    case "raw_string":
      return plain(source.slice(1, -1));
    case "ansi_c_string": {
      const text = unescapeAnsiC(source.slice(2, -1));
      return { ...plain(text), patchwork: source.includes("\\") };
    }
    case "translated_string": {
      const string = node.children.find(({ type }) => type === "string");
      return string === undefined ? unknown() : { ...quoted(string, reader), patchwork: true };
    }
    case "string":
      return quoted(node, reader);
    case "simple_expansion":
      return variable(source.slice(1), reader);
    case "expansion":
      return expansion(node, source, reader);
    case "command_substitution": {
      const printed = reader.printed(node);
      return { ...unknown(), text: printed ?? UNKNOWN };
    }
    case "concatenation":
      return joined(node, reader);
    case "brace_expression":
      return { ...plain(source), dynamic: true, brace: true };
    case "process_substitution":
      return plain("/dev/fd/63");
    case "arithmetic_expansion":
      return unknown();
    default:
      return { ...unknown(), opaque: true };
  }
}

function unknown(): Mutable {
  return { ...plain(UNKNOWN), dynamic: true };
}

/** Unquoted text: backslashes go, patterns stay. */
function bare(source: string): Mutable {
  if (!/[\\*?[{\n]/.test(source)) return plain(source);
  let text = "";
  let [glob, brace, patchwork, opaque] = [false, false, false, false];
  for (let at = 0; at < source.length; at += 1) {
    const unit = source[at] ?? "";
    // No word goes over a line's end; the grammar was wrong about it.
    if (unit === "\n") opaque = true;
    if (unit === "\\") {
      at += 1;
      const next = source[at] ?? "";
      if (next === "\n") continue;
      // In front of the name it only means "no alias"; elsewhere, before a letter, it hides something.
      if (at > 1 && /\w/.test(next)) patchwork = true;
      text += next;
    } else {
      if (unit === "*" || unit === "?" || unit === "[") glob = true;
      if (unit === "{") brace = true;
      text += unit;
    }
  }
  return { ...plain(text), glob, brace: brace && /[,.]/.test(text), patchwork, opaque };
}

/** Text in double quotes. The grammar leaves line feeds and more out of its nodes, so gaps count as text. */
function quoted(node: Node, reader: Reader): Mutable {
  const out = plain("");
  let at = node.start + 1;
  const gap = (end: number): void => {
    if (end > at) out.text += reader.source.slice(at, end).replace(/\\([$`"\\]|\n)/g, unescaped);
  };
  for (const child of node.children) {
    if (child.type === "string_content" || child.type === '"') continue;
    if (child.type === "$") continue;
    gap(child.start);
    const part = read(child, reader);
    out.text += part.text;
    out.dynamic ||= part.dynamic;
    out.opaque ||= part.opaque;
    at = child.end;
  }
  gap(node.end - 1);
  return out;
}

function unescaped(_all: string, unit: string): string {
  return unit === "\n" ? "" : unit;
}

function joined(node: Node, reader: Reader): Mutable {
  const out = plain("");
  let at = node.start;
  let pieces = 0;
  for (const child of node.children) {
    // Between two parts nothing can stand, but what the grammar skips must not be lost.
    if (child.start > at) out.text += reader.source.slice(at, child.start).replace(/\\\n/g, "");
    const part = read(child, reader);
    out.text += part.text;
    out.dynamic ||= part.dynamic;
    out.glob ||= part.glob;
    out.brace ||= part.brace;
    out.opaque ||= part.opaque;
    out.patchwork ||= part.patchwork;
    if (child.type.endsWith("string")) pieces += 1;
    at = child.end;
  }
  if (pieces > 0) out.patchwork = true;
  const braces = /\{[^{}]*(?:,|\.\.)[^{}]*\}/.test(out.text);
  if (braces) out.brace = true;
  if (node.children.some(({ type }) => type === "word") && /[*?[]/.test(out.text)) out.glob = true;
  return out;
}

function variable(name: string, reader: Reader): Mutable {
  const value = reader.value(name);
  if (value === null && name === "HOME") return plain("~");
  if (value === null && name === "PWD") return plain(".");
  // Nobody writes it but to do without spaces.
  if (value === null && name === "IFS") return { ...plain(" "), dynamic: true, patchwork: true };
  return { ...unknown(), text: value ?? UNKNOWN };
}

function expansion(node: Node, source: string, reader: Reader): Mutable {
  const simple = /^\$\{(\w+)(?:\[[@*\d]+\])?\}$/.exec(source);
  if (simple?.[1] !== undefined) return variable(simple[1], reader);
  const fallback = /^\$\{(\w+):?[-=]/.exec(source);
  const word = node.children.find(
    ({ start }) => fallback !== null && start >= node.start + fallback[0].length,
  );
  if (fallback?.[1] !== undefined && word !== undefined && word.type !== "}") {
    const known = variable(fallback[1], reader);
    return known.text === UNKNOWN ? { ...read(word, reader), dynamic: true } : known;
  }
  const opaque = source.startsWith("${!") || /@[a-zA-Z]\}$/.test(source);
  return { ...unknown(), opaque };
}
