/** What is plain from a script's text alone: values of its variables, what `echo` prints. */
import { unescapeAnsiC } from "./ansi-c.ts";
import type { Node } from "./grammar.ts";
import { readWord, type Reader, type Word } from "./word.ts";

/** Longer texts of variables are not followed: each use would double them. */
const LONGEST_VALUE = 2000;

/**
 * Variables that the script itself sets, with the last text it gives them: so that `x=rm; $x -rf /` is
 * seen for what it is. Good enough to find danger, never to find safety.
 */
export function variablesOf(root: Node, source: string): Map<string, string> {
  const values = new Map<string, string>();
  if (!/[=\s]/.test(source)) return values;
  const reader: Reader = { source, value: (name) => values.get(name) ?? null, printed: () => null };
  const set = (name: Node | undefined, value: Node | undefined, append: boolean): void => {
    if (name === undefined || value === undefined) return;
    const key = source.slice(name.start, name.end);
    const { text } = readWord(value, reader);
    const whole = append ? (values.get(key) ?? "") + text : text;
    if (whole.length <= LONGEST_VALUE) values.set(key, whole);
  };
  const collect = (node: Node): void => {
    if (node.type === "variable_assignment") {
      const [name, operator, value] = node.children;
      if (value?.type === "array") {
        const words = value.children.filter(({ type }) => /[a-z]/.test(type));
        const text = words.map((word) => readWord(word, reader).text).join(" ");
        if (name !== undefined && text.length <= LONGEST_VALUE)
          values.set(source.slice(name.start, name.end), text);
      } else set(name, value, operator?.type === "+=");
    }
    if (node.type === "for_statement") set(node.children[1], node.children[3], false);
    node.children.forEach(collect);
  };
  collect(root);
  return values;
}

/** Names of the functions that a script defines. */
export function functionsOf(node: Node, source: string, names = new Set<string>()): Set<string> {
  if (node.type === "function_definition") {
    const name = node.children.find(({ type }) => type === "word");
    if (name !== undefined) names.add(source.slice(name.start, name.end));
  }
  for (const child of node.children) functionsOf(child, source, names);
  return names;
}

/** Whether a command of this name is in it, at any depth. */
export function calls(node: Node, name: string, source: string): boolean {
  if (node.type === "command_name") return source.slice(node.start, node.end) === name;
  return node.children.some((child) => calls(child, name, source));
}

/** What a command, or the one command of a substitution, prints; null where that is not plain. */
export function printedBy(node: Node, reader: Reader): string | null {
  if (node.type === "command_substitution") {
    const inner = node.children.filter(({ type }) => /[a-z]/.test(type));
    const [only] = inner;
    if (only === undefined || inner.length > 1) return null;
    return printedBy(only, reader)?.replace(/\n+$/, "") ?? null;
  }
  if (node.type !== "command") return null;
  if (node.children.some(({ type }) => type.endsWith("_redirect") || type === "ERROR")) return null;
  const words = node.children
    .filter(({ type }) => type !== "variable_assignment")
    .map((child) => readWord(child, reader));
  return printed(words);
}

function printed([name, ...args]: readonly Word[]): string | null {
  const texts = args.map(({ text }) => text);
  switch (name?.text) {
    case "echo": {
      const from = texts.findIndex((text) => !/^-[neE]+$/.test(text));
      const rest = (from === -1 ? [] : texts.slice(from)).join(" ");
      const flags = texts.slice(0, from === -1 ? texts.length : from).join("");
      return `${flags.includes("e") ? unescapeAnsiC(rest) : rest}\n`;
    }
    case "printf": {
      const [format = "", ...values] = texts[0] === "--" ? texts.slice(1) : texts;
      if (format === "-v") return null;
      return formatted(unescapeAnsiC(format), values);
    }
    // The name of a program, as good as the name itself.
    case "which":
      return texts.length === 1 ? (texts[0] ?? null) : null;
    case "command":
      return texts.length === 2 && texts[0] === "-v" ? (texts[1] ?? null) : null;
    default:
      return null;
  }
}

function formatted(format: string, values: readonly string[]): string {
  const given = [...values];
  let out = "";
  do {
    out += format.replace(/%(?:%|b|-?\d*s|d)/g, (verb) => {
      if (verb === "%%") return "%";
      const value = given.shift() ?? "";
      return verb === "%b" ? unescapeAnsiC(value) : value;
    });
  } while (given.length > 0 && /%(?:b|-?\d*s|d)/.test(format) && out.length < LONGEST_VALUE);
  return out;
}
