/** What this program knows of a node of a syntax tree (ESTree in Babel's form). */
export type Node = {
  type: string;
  start: number;
  end: number;
  loc: { start: { line: number; column: number } };
  name?: string;
  value?: string;
  computed?: boolean;
  object?: Node;
  property?: Node;
  callee?: Node;
  arguments?: Node[];
  source?: Node;
  [key: string]: unknown;
};

const NOT_CHILDREN = new Set([
  "loc",
  "leadingComments",
  "innerComments",
  "trailingComments",
  "extra",
]);

/** In the order of the text. */
export function childrenOf(node: Node): Node[] {
  return Object.entries(node)
    .filter(([key]) => !NOT_CHILDREN.has(key))
    .flatMap(([, value]) => (Array.isArray(value) ? (value as unknown[]) : [value]))
    .filter(isNode)
    .toSorted((one, other) => one.start - other.start);
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as Node).type === "string";
}
