/** Bash, read by tree-sitter: a text becomes plain nodes that know where they stand. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { getRawAsset, isSea } from "node:sea";
import { setFlagsFromString } from "node:v8";
import { Language, Parser, type TreeCursor } from "web-tree-sitter";

/** `start`, `end`: UTF-16 units of the text. Anonymous nodes (operators, keywords) are their own text. */
export type Node = {
  type: string;
  start: number;
  end: number;
  children: Node[];
};

/** `broken`: something in it was not understood, so the nodes may be wrong. Null: too deep, or too much work. */
export type Parse = (text: string) => { root: Node; broken: boolean } | null;

/**
 * A call-back comes every hundred steps of the parser, so this counts work and not time: the same text
 * is always read, or never. Sixteen thousand characters of plain commands take 250.
 */
const MOST_WORK = 300;
/** After an error each step looks at all that was read before, so fewer are let through. */
const WORK_AFTER_ERROR = 8000;
/**
 * Signs of the shell next to each other: where there are thousands, the grammar looks from each to the end.
 * A script that long has a hundred.
 */
const MOST_DENSE = 400;
/** Of processor time, if all that counts steps has missed a way to make steps dear. */
const LONGEST_US = 25_000;
/** For each one bash's grammar looks for an end, to the end of the text. */
const MOST_HEREDOCS = 40;
const DEEPEST = 200;

let opened: Promise<Parse> | null = null;

/** Loads both parts in wasm, once (about 30 ms). */
export function openGrammar(): Promise<Parse> {
  opened ??= load();
  return opened;
}

async function load(): Promise<Parse> {
  // The grammar would be compiled a second time: half a gigabyte for a moment, and no sooner done.
  setFlagsFromString("--liftoff-only");
  await Parser.init({ wasmBinary: wasm("web-tree-sitter/web-tree-sitter.wasm") });
  const language = await Language.load(wasm("tree-sitter-bash/tree-sitter-bash.wasm"));
  const parser = new Parser();
  parser.setLanguage(language);
  const names = language.types;

  function parse(text: string): ReturnType<Parse> {
    if (text.split("<<").length > MOST_HEREDOCS) return null;
    if (
      text.length > MOST_DENSE &&
      text.split(/[()<>|&;{}`=[\]$!](?=[()<>|&;{}`[\]])/).length > MOST_DENSE
    )
      return null;
    const begun = process.cpuUsage();
    let [work, afterError] = [0, 0];
    const tree = parser.parse(text, null, {
      progressCallback: ({ currentOffset, hasError }) => {
        work += 1;
        // Offsets count bytes of UTF-16.
        if (hasError) afterError += currentOffset;
        if (work > MOST_WORK || afterError > WORK_AFTER_ERROR) return true;
        return process.cpuUsage(begun).user > LONGEST_US;
      },
    });
    if (tree === null) {
      parser.reset();
      return null;
    }
    const cursor = tree.walk();
    try {
      const root = nodeAt(cursor, names, 0);
      return root === null ? null : { root, broken: tree.rootNode.hasError };
    } finally {
      cursor.delete();
      tree.delete();
    }
  }
  return parse;
}

function nodeAt(cursor: TreeCursor, names: readonly string[], depth: number): Node | null {
  const { startIndex: start, endIndex: end, nodeTypeId } = cursor;
  // The number of an error is beyond the table.
  const type = names[nodeTypeId] ?? "ERROR";
  const children: Node[] = [];
  if (cursor.gotoFirstChild()) {
    if (depth === DEEPEST) return null;
    do {
      const child = nodeAt(cursor, names, depth + 1);
      if (child === null) return null;
      children.push(child);
    } while (cursor.gotoNextSibling());
    cursor.gotoParent();
  }
  return { type, start, end, children };
}

/** In an executable the two are beside the program's text; from source they are in their packages. */
function wasm(name: string): Uint8Array {
  if (isSea()) return new Uint8Array(getRawAsset(name));
  return readFileSync(createRequire(import.meta.url).resolve(name));
}
