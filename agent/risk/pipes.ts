/** What one command of a pipeline passes to the next. */
import { UNKNOWN_INPUT, type Input } from "./context.ts";
import type { Node } from "./grammar.ts";
import { printedBy } from "./static-text.ts";
import { readWord, type Reader, type Word } from "./word.ts";

/** What `node`, which was given `input`, passes to the next command. */
export function outputOf(node: Node, input: Input, reader: Reader): Input {
  if (node.type === "command") {
    const text = printedBy(node, reader);
    if (text !== null) return { kind: "text", text };
    const words = wordsOf(node, reader);
    // Bare `cat` passes on what it is given.
    if (words.length === 1 && words[0]?.text === "cat") return input;
  }
  return UNKNOWN_INPUT;
}

/** Without redirects and assignments. */
export function wordsOf(node: Node, reader: Reader): Word[] {
  return node.children
    .filter(
      ({ type }) => /[a-z]/.test(type) && !/^(?:variable_assignment|\w+_redirect)$/.test(type),
    )
    .map((child) => readWord(child, reader));
}
