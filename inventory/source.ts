/** An inventory file as a tree whose nodes know their places. */
import { readFileSync } from "node:fs";
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Node,
  type Scalar,
  type YAMLParseError,
  type YAMLWarning,
} from "yaml";
import { InventoryError, type Place } from "./inventory-error.ts";

/** `secret`: a value in Ansible's vault, which nothing here can open. */
export type Tree =
  | { kind: "map"; place: Place; entries: Map<string, Tree>; keys: Map<string, Place> }
  | { kind: "list"; place: Place; items: Tree[] }
  | { kind: "scalar"; place: Place; value: string | number | boolean | null }
  | { kind: "secret"; place: Place };

/** The keys of a map are compared below: here it would take the square of their number. */
const OPTIONS = { prettyErrors: false, uniqueKeys: false } as const;
/** Deeper than any group that a person keeps. */
const MOST_DEEP = 64;

export function readTree(file: string): Tree {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown";
    throw new InventoryError(null, `${file} cannot be read (${code})`, "sallyport inventory init");
  }
  return parseTree(file, text);
}

/** YAML, and so JSON too. */
export function parseTree(file: string, text: string): Tree {
  const lines = linesOf(text);
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const document = parseDocument(text, { ...OPTIONS });
  const problem = [...document.errors, ...document.warnings]
    .map((found) => problemOf(found, text))
    .find((found) => found !== null);
  if (problem !== undefined) throw new InventoryError(placeOf(problem.offset), problem.cause);
  if (document.contents === null) {
    throw new InventoryError(placeOf(0), "it is empty", "sallyport inventory init");
  }
  return treeOf(document.contents, placeOf, new Map(), 0);
}

/** Ansible's own: a secret, and text that is no template. */
const TAGS = ["!vault", "!vault-encrypted", "!unsafe"];

/** Null: what YAML does not know, and Ansible does. */
function problemOf(
  { code, message, pos: [from, to] }: YAMLParseError | YAMLWarning,
  text: string,
): { offset: number; cause: string } | null {
  if (code === "RESOURCE_EXHAUSTION") return { offset: from, cause: "it is nested too deeply" };
  if (code !== "TAG_RESOLVE_FAILED") return { offset: from, cause: message };
  const tag = text.slice(from, to);
  return TAGS.includes(tag) ? null : { offset: from, cause: `unknown tag ${tag}` };
}

/** `anchors`: what an alias stands for is one tree, however often it is named. */
function treeOf(
  node: Node,
  placeOf: (offset: number) => Place,
  anchors: Map<string, Tree>,
  depth: number,
): Tree {
  const place = placeOf(node.range?.[0] ?? 0);
  if (depth > MOST_DEEP) throw new InventoryError(place, "it is nested too deeply");
  if (isAlias(node)) {
    const named = anchors.get(node.source);
    if (named === undefined) throw new InventoryError(place, `*${node.source} names nothing yet`);
    return named;
  }
  const below = (child: unknown): Tree =>
    child === null
      ? { kind: "scalar", place, value: null }
      : treeOf(child as Node, placeOf, anchors, depth + 1);
  const tree = ownTree(node, place, placeOf, below);
  const { anchor } = node as { anchor?: string };
  if (anchor !== undefined) anchors.set(anchor, tree);
  return tree;
}

function ownTree(
  node: Node,
  place: Place,
  placeOf: (offset: number) => Place,
  below: (child: unknown) => Tree,
): Tree {
  if (node.tag === "!vault" || node.tag === "!vault-encrypted") return { kind: "secret", place };
  if (isSeq(node)) return { kind: "list", place, items: node.items.map(below) };
  if (isMap(node)) {
    const entries = new Map<string, Tree>();
    const keys = new Map<string, Place>();
    for (const { key, value } of node.items) {
      const keyPlace = placeOf((key as Node).range?.[0] ?? 0);
      if (!isScalar(key)) throw new InventoryError(keyPlace, "a name is one word");
      const name = String(valueOf(key));
      if (entries.has(name))
        throw new InventoryError(keyPlace, `${JSON.stringify(name)} stands here twice`);
      entries.set(name, below(value));
      keys.set(name, keyPlace);
    }
    return merged({ kind: "map", place, entries, keys });
  }
  if (!isScalar(node)) throw new InventoryError(place, "it is neither a map, a list nor a value");
  return { kind: "scalar", place, value: valueOf(node) };
}

/** What only looks like a number stays as it is written: a host `010` is not `10`. */
function valueOf({ value, source = "" }: Scalar): string | number | boolean | null {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  return typeof value === "number" && String(value) === source ? value : source;
}

/** `<<: *others` adds what is not said here. */
function merged(map: Extract<Tree, { kind: "map" }>): Tree {
  const others = map.entries.get("<<");
  if (others === undefined) return map;
  map.entries.delete("<<");
  for (const other of others.kind === "list" ? others.items : [others]) {
    if (other.kind !== "map") throw new InventoryError(other.place, "only a map can be merged");
    for (const [name, tree] of other.entries)
      if (!map.entries.has(name)) {
        map.entries.set(name, tree);
        map.keys.set(name, other.keys.get(name) ?? other.place);
      }
  }
  return map;
}

/** The parser's own count misses line feeds in what it cannot read. */
function linesOf(text: string): LineCounter {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (const { index } of text.matchAll(/\n/g)) lines.addNewLine(index + 1);
  return lines;
}
