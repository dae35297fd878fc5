/** Text that an expression can only be: what is put together from pieces is no more hidden than the pieces. */
import type { Node } from "./syntax-tree.ts";

const MOST_CHARACTERS = 4096;
/** Pieces within pieces; beyond that it counts as not known. */
const MOST_DEPTH = 64;

/** Null where it depends on anything, or is no text. */
export function staticText(node: Node, depth = 0): string | null {
  if (depth > MOST_DEPTH) return null;
  const within = depth + 1;
  switch (node.type) {
    case "StringLiteral":
      return node.value ?? null;
    case "NumericLiteral":
      return String(node.value);
    case "TemplateLiteral":
      return templateText(node, within);
    case "BinaryExpression":
      return node["operator"] === "+"
        ? joined([node["left"], node["right"]] as Node[], "", within)
        : null;
    case "ParenthesizedExpression":
    case "TSAsExpression":
    case "TSNonNullExpression":
      return staticText(node["expression"] as Node, within);
    case "CallExpression":
    case "OptionalCallExpression":
      return calledText(node, within);
    default:
      return null;
  }
}

function templateText(node: Node, depth: number): string | null {
  const quasis = node["quasis"] as { value: { cooked?: string } }[];
  const texts = (node["expressions"] as Node[]).map((one) => staticText(one, depth));
  if (texts.includes(null)) return null;
  return bounded(quasis.map(({ value }, at) => `${value.cooked ?? ""}${texts[at] ?? ""}`).join(""));
}

/** `["e", "val"].join("")`, `"lave".split("").reverse().join("")`, `String.fromCharCode(101)`, `"eva".concat("l")` */
function calledText({ callee, arguments: given = [] }: Node, depth: number): string | null {
  const method = callee?.property?.name;
  const { object } = callee ?? {};
  if (object === undefined || callee?.computed === true) return null;
  if (method === "join")
    return joined(
      elementsOf(object, depth),
      given[0] === undefined ? "," : staticText(given[0], depth),
      depth,
    );
  if (method === "concat") return joined([object, ...given], "", depth);
  if (object.name === "String" && (method === "fromCharCode" || method === "fromCodePoint")) {
    const codes = given.map((one) => Number(staticText(one, depth) ?? Number.NaN));
    return codes.every((code) => code >= 0 && code < 0x110000)
      ? bounded(codes.map((code) => String.fromCodePoint(code)).join(""))
      : null;
  }
  return null;
}

/** The elements of a list that stands there, split or turned round as it stands there. */
function elementsOf(node: Node, depth: number): (Node | string)[] | null {
  if (depth > MOST_DEPTH) return null;
  if (node.type === "ArrayExpression") return node["elements"] as Node[];
  const { callee, arguments: given = [] } = node;
  const { object } = callee ?? {};
  if (object === undefined) return null;
  if (callee?.property?.name === "reverse")
    return elementsOf(object, depth + 1)?.toReversed() ?? null;
  if (callee?.property?.name !== "split" || given[0] === undefined) return null;
  const [text, by] = [staticText(object, depth), staticText(given[0], depth)];
  return text === null || by === null ? null : text.split(by);
}

function joined(
  parts: readonly (Node | string | null)[] | null,
  by: string | null,
  depth: number,
): string | null {
  if (parts === null || by === null) return null;
  const texts = parts.map((part) =>
    typeof part === "string" ? part : part === null ? null : staticText(part, depth),
  );
  return texts.includes(null) ? null : bounded(texts.join(by));
}

function bounded(text: string): string | null {
  return text.length <= MOST_CHARACTERS ? text : null;
}
