/** JavaScript and TypeScript by their syntax tree: escapes, brackets and optional chains hide nothing from it. */
import { staticText } from "./constant-text.ts";
import {
  MOST_OF_A_RULE,
  shownText,
  type CodePolicy,
  type Finding,
  type RuleName,
} from "./finding.ts";
import {
  CLIMBING,
  CODE_TAKERS,
  GLOBAL_OBJECTS,
  GLOBAL_RULES,
  MODULE_RULES,
  OBJECTS,
  PROCESS_RULES,
} from "./javascript-names.ts";
import { treeOf } from "./javascript-tree.ts";
import { childrenOf, type Node } from "./syntax-tree.ts";

type Add = (node: Node, rule: RuleName) => void;

export function findInJavaScript(source: string, policy: CodePolicy): Finding[] {
  try {
    return findings(source, policy);
  } catch (error) {
    // The stack ran over.
    if (error instanceof RangeError) return [TOO_DEEP];
    throw error;
  }
}

const TOO_DEEP: Finding = { line: 1, column: 1, rule: "complexity", text: "it is nested too deep" };

function findings(source: string, policy: CodePolicy): Finding[] {
  const { limits, imports } = policy;
  if (Buffer.byteLength(source) > limits.bytes)
    return [{ line: 1, column: 1, rule: "size", text: `more than ${limits.bytes} bytes` }];
  const read = treeOf(source);
  if (read.tree === null) return [read.finding];

  const found: Finding[] = [];
  const seen = new Set<string>();
  const ofRule = new Map<RuleName, number>();
  const add: Add = ({ loc, start, end }, rule) => {
    const { line, column } = loc.start;
    const key = `${line}:${column}:${rule}`;
    if (seen.has(key)) return;
    seen.add(key);
    const count = (ofRule.get(rule) ?? 0) + 1;
    ofRule.set(rule, count);
    if (count > MOST_OF_A_RULE) return;
    found.push({ line, column: column + 1, rule, text: shownText(source.slice(start, end)) });
  };
  const loaded = new Set<string>();
  const walk: { node: Node; parent: Node | null; depth: number }[] = [
    { node: read.tree, parent: null, depth: 0 },
  ];
  let nodes = 0;
  for (let next = walk.pop(); next !== undefined; next = walk.pop()) {
    const { node, parent, depth } = next;
    nodes += 1;
    if (nodes > limits.nodes || depth > limits.depth) {
      add(node, "complexity");
      break;
    }
    inspect(node, parent, add, (name, at) => {
      loaded.add(name);
      judgeImport(name, at, imports, add);
    });
    // The last one pushed is the first one looked at: findings come in the order of the text.
    for (const child of childrenOf(node).toReversed())
      walk.push({ node: child, parent: node, depth: depth + 1 });
  }
  for (const name of imports.required)
    if (!loaded.has(name)) found.push({ line: 1, column: 1, rule: "missing-import", text: name });
  return found;
}

type Load = (name: string, at: Node) => void;

function inspect(node: Node, parent: Node | null, add: Add, load: Load): void {
  switch (node.type) {
    case "ImportDeclaration":
    case "ExportNamedDeclaration":
    case "ExportAllDeclaration":
      if (node.source != null && node["importKind"] !== "type") load(node.source.value ?? "", node);
      return;
    case "TSImportEqualsDeclaration":
      if (node["moduleReference"] != null)
        loadFrom(nodeIn(node["moduleReference"], "expression"), node, add, load);
      return;
    case "ImportExpression":
      return loadFrom(node.source, node, add, load);
    case "CallExpression":
    case "OptionalCallExpression":
    case "NewExpression":
      return inspectCall(node, add, load);
    case "TaggedTemplateExpression":
      if (isCodeTaker(node["tag"] as Node)) add(node, "template-injection");
      return;
    case "MemberExpression":
    case "OptionalMemberExpression":
      return inspectMember(node, add);
    case "Identifier":
    case "JSXIdentifier":
      if (!isNameOnly(node, parent)) inspectName(node, parent, add);
      return;
    case "ObjectProperty":
      // `const { env } = process` and `const { constructor } = x`
      if (parent?.type === "ObjectPattern") inspectTaken(node, add);
      return;
    case "WithStatement":
      return add(node, "obfuscation");
    default:
  }
}

function inspectCall(node: Node, add: Add, load: Load): void {
  const { callee, arguments: given = [] } = node;
  if (callee === undefined) return;
  const name = nameOf(callee);
  const [first] = given;
  // `require.main.require(x)` is one, too.
  if (callee.type === "Import" || name === "require" || name === "getBuiltinModule")
    return loadFrom(first, node, add, load);
  if (name === "createRequire" || name === "_load") add(node, "dynamic-import");
  if (isCodeTaker(callee) && given.some(isMadeOfValues)) add(node, "template-injection");
  if ((name === "setTimeout" || name === "setInterval") && first !== undefined)
    if (staticText(first) !== null || isMadeOfValues(first)) add(node, "eval");
  // `Reflect.get(x, "constructor")`, `Object.getOwnPropertyDescriptor(x, "constructor")`
  if (given.some((one) => CLIMBING.has(staticText(one) ?? ""))) add(node, "constructor-chain");
}

function loadFrom(from: Node | undefined, at: Node, add: Add, load: Load): void {
  const name = from === undefined ? null : staticText(from);
  if (name === null) add(at, "dynamic-import");
  else load(name, at);
}

function inspectMember(node: Node, add: Add): void {
  const { object } = node;
  if (object === undefined) return;
  const property = propertyOf(node);
  const of = nameOf(object);
  if (property === null) {
    if (of !== null && (GLOBAL_OBJECTS.has(of) || Object.hasOwn(OBJECTS, of)))
      add(node, "obfuscation");
    return;
  }
  if (CLIMBING.has(property)) add(node, "constructor-chain");
  if (of !== null && GLOBAL_OBJECTS.has(of)) {
    if (Object.hasOwn(GLOBAL_RULES, property)) add(node, ruleIn(GLOBAL_RULES, property));
    else if (Object.hasOwn(OBJECTS, property)) add(node, "obfuscation");
  }
  const harmless = of !== null && Object.hasOwn(OBJECTS, of) ? OBJECTS[of] : undefined;
  if (harmless !== undefined && !harmless.has(property))
    add(node, of === "process" ? ruleIn(PROCESS_RULES, property, "environment") : "dynamic-import");
}

/** A name that stands for itself, and not as the object of a member that was looked at. */
function inspectName(node: Node, parent: Node | null, add: Add): void {
  const { name = "" } = node;
  if (Object.hasOwn(GLOBAL_RULES, name)) return add(node, ruleIn(GLOBAL_RULES, name));
  if (isObjectOf(node, parent)) return;
  if (isCalleeOf(node, parent) && name === "require") return;
  if (name === "process") add(node, "environment");
  else if (name === "require") add(node, "dynamic-import");
  else if (GLOBAL_OBJECTS.has(name)) add(node, "obfuscation");
}

function inspectTaken(node: Node, add: Add): void {
  const key = propertyOf({ ...node, property: node["key"] as Node });
  if (key === null) add(node, "obfuscation");
  else if (CLIMBING.has(key)) add(node, "constructor-chain");
}

function judgeImport(name: string, at: Node, imports: CodePolicy["imports"], add: Add): void {
  const bare = name.replace(/^node:/, "");
  const [root = ""] = bare.split("/");
  const rule = Object.hasOwn(MODULE_RULES, root) ? MODULE_RULES[root] : undefined;
  if (rule !== undefined) add(at, rule);
  // The address is the code.
  if (name.startsWith("data:")) add(at, "eval");
  const same = (other: string): boolean => other === name || other === bare || other === root;
  if (imports.forbidden.some(same)) add(at, "forbidden-import");
  if (imports.allowed !== null && !imports.allowed.some(same)) add(at, "forbidden-import");
}

function ruleIn(
  rules: Readonly<Record<string, RuleName>>,
  name: string,
  otherwise: RuleName = "obfuscation",
): RuleName {
  return (Object.hasOwn(rules, name) ? rules[name] : undefined) ?? otherwise;
}

/** The name of a property, null where it is only known when it runs. */
function propertyOf(node: Node): string | null {
  const { property, computed } = node;
  if (property === undefined) return null;
  return computed === true ? staticText(property) : (property.name ?? property.value ?? null);
}

/** What a callee or object is called at last: `eval` in `(0, eval)`, `globalThis.eval` and `x?.["eval"]`. */
function nameOf(node: Node): string | null {
  switch (node.type) {
    case "Identifier":
      return node.name ?? null;
    case "MemberExpression":
    case "OptionalMemberExpression":
      return propertyOf(node);
    case "SequenceExpression": {
      const last = (node["expressions"] as Node[]).at(-1);
      return last === undefined ? null : nameOf(last);
    }
    case "ParenthesizedExpression":
    case "TSNonNullExpression":
    case "TSAsExpression":
    case "AwaitExpression":
      return nameOf((node["expression"] ?? node["argument"]) as Node);
    default:
      return null;
  }
}

function isCodeTaker(node: Node): boolean {
  return CODE_TAKERS.has(nameOf(node) ?? "");
}

/** Text into which values were put. */
function isMadeOfValues(node: Node): boolean {
  if (node.type === "TemplateLiteral") return (node["expressions"] as Node[]).length > 0;
  if (!isSum(node) || staticText(node) !== null) return false;
  const waiting = [node];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (isSum(next)) waiting.push(next["left"] as Node, next["right"] as Node);
    else if (next.type === "StringLiteral" || next.type === "TemplateLiteral") return true;
  }
  return false;
}

function isSum(node: Node): boolean {
  return node.type === "BinaryExpression" && node["operator"] === "+";
}

function isObjectOf(node: Node, parent: Node | null): boolean {
  return parent !== null && parent.type.endsWith("MemberExpression") && parent.object === node;
}

function isCalleeOf(node: Node, parent: Node | null): boolean {
  return parent !== null && parent.callee === node;
}

/** Keys, labels and properties after a dot are no variables. */
function isNameOnly(node: Node, parent: Node | null): boolean {
  if (parent === null) return false;
  if (parent.type.endsWith("MemberExpression"))
    return parent.property === node && parent.computed !== true;
  if (/^(?:Object|Class)(?:Private)?(?:Property|Method)$/.test(parent.type))
    return parent["key"] === node && parent.computed !== true && parent["shorthand"] !== true;
  return /^(?:LabeledStatement|BreakStatement|ContinueStatement|(?:Import|Export)\w*Specifier|TS\w+)$/.test(
    parent.type,
  );
}

function nodeIn(value: unknown, key: string): Node | undefined {
  return (value as Record<string, Node | undefined>)[key];
}
