/** A workflow's YAML as plain values that know their places; bounded before anything is made of it. */
import {
  isMap,
  isScalar,
  isSeq,
  parseDocument,
  type Node,
  type YAMLParseError,
  type YAMLWarning,
} from "yaml";
import { linesOf } from "../line-places.ts";
import type { Place, Problem } from "./problem.ts";

const MAX_BYTES = 256 * 1024;
/** Steps are lists of maps of maps: nothing in the format is deeper than five. */
const MOST_DEEP = 8;
/** Problems of one kind in one place: more are no help, and finding their places would take long. */
export const MOST_TOLD = 50;

/** Every value is text, a list or a map: what a number or a truth is, the format says. Maps have no prototype. */
export type Value = string | Value[] | { [key: string]: Value };

export type Document = {
  value: Value;
  /** Of what stands at this path; of its nearest parent where nothing does. */
  placeOf: (path: readonly PropertyKey[]) => Place;
  /** Of a key in the map at this path. */
  keyPlaceOf: (path: readonly PropertyKey[], key: string) => Place;
};

/** YAML's failsafe schema: `no`, `010` and `1.10` stay what they look like. */
const OPTIONS = {
  schema: "failsafe",
  prettyErrors: false,
  // Compared below: the parser would take the square of their number.
  uniqueKeys: false,
} as const;

export function readDocument(text: string): Document | { problems: Problem[] } {
  const size = Buffer.byteLength(text);
  if (size > MAX_BYTES)
    return problemAt(START, `it has ${size} bytes; a workflow has at most ${MAX_BYTES}`);
  const lines = linesOf(text);
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const document = parseDocument(text, { ...OPTIONS });
  const wrong = [...document.errors, ...document.warnings];
  // What follows from having given up says nothing more.
  const gaveUp = wrong.filter(({ code }) => code === "RESOURCE_EXHAUSTION");
  if (wrong.length > 0) {
    const told = gaveUp.length > 0 ? gaveUp.slice(-1) : wrong.slice(0, MOST_TOLD);
    return { problems: told.map((error) => syntaxProblem(error, placeAt)) };
  }
  if (document.contents === null) return problemAt(START, "it is empty");
  const problems: Problem[] = [];
  const add = (node: Node, cause: string): string => {
    problems.push({ ...placeAt(node.range?.[0] ?? 0), cause, hint: null });
    return "";
  };
  const value = valueOf(document.contents, 0, add);
  if (problems.length > 0) return { problems };
  const nodeAt = (path: readonly PropertyKey[]): Node => document.getIn(path, true) as Node;
  const placeOf = (path: readonly PropertyKey[]): Place => {
    const node = path.length === 0 ? document.contents : nodeAt(path);
    return node == null ? placeOf(path.slice(0, -1)) : placeAt(node.range?.[0] ?? 0);
  };
  return {
    value,
    placeOf,
    keyPlaceOf(path, key) {
      const map = path.length === 0 ? document.contents : nodeAt(path);
      const pair = isMap(map)
        ? map.items.find((item) => isScalar(item.key) && item.key.value === key)
        : undefined;
      return pair === undefined ? placeOf(path) : placeAt((pair.key as Node).range?.[0] ?? 0);
    },
  };
}

const START: Place = { line: 1, column: 1 };

function problemAt(place: Place, cause: string): { problems: Problem[] } {
  return { problems: [{ ...place, cause, hint: null }] };
}

function syntaxProblem(
  { code, message, pos }: YAMLParseError | YAMLWarning,
  placeAt: (offset: number) => Place,
): Problem {
  const own: Partial<Record<typeof code, string>> = {
    RESOURCE_EXHAUSTION: "it is nested too deeply",
    TAG_RESOLVE_FAILED: "tags mean nothing here",
    MULTIPLE_DOCS: "it holds more than one document",
  };
  const first = (message.split("\n")[0] ?? "").replace(/\.$/, "");
  const cause = own[code] ?? first.charAt(0).toLowerCase() + first.slice(1);
  return { ...placeAt(pos[0]), cause, hint: null };
}

/** `add` notes what is wrong with a node, and gives something in its place so that the rest is looked at too. */
function valueOf(node: Node, depth: number, add: (node: Node, cause: string) => string): Value {
  if (depth > MOST_DEEP) return add(node, "it is nested too deeply");
  // A short text can stand for one of any size (billion laughs), and a reader must see what runs.
  if ("anchor" in node && node.anchor !== undefined) return add(node, "anchors are not taken here");
  const below = (child: unknown): Value =>
    child === null ? "" : valueOf(child as Node, depth + 1, add);
  if (isSeq(node)) return node.items.map(below);
  if (isMap(node)) {
    const map: { [key: string]: Value } = Object.create(null);
    for (const { key, value } of node.items) {
      const name = isScalar(key) && typeof key.value === "string" ? key.value : null;
      if (name === null || name === "__proto__") add(key as Node, "a key is one word");
      else if (name in map) add(key as Node, `${JSON.stringify(name)} stands here twice`);
      else map[name] = below(value);
    }
    return map;
  }
  if (isScalar(node)) return typeof node.value === "string" ? node.value : "";
  return add(node, "aliases are not taken here: write it out");
}
