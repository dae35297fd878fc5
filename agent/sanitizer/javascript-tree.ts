/** JavaScript, or TypeScript, as a syntax tree; or what is wrong with it. */
import { parse, type ParserOptions } from "@babel/parser";
import { shownText, type Finding } from "./finding.ts";
import type { Node } from "./syntax-tree.ts";

const OPTIONS: ParserOptions = {
  sourceType: "unambiguous",
  errorRecovery: false,
  allowReturnOutsideFunction: true,
  allowAwaitOutsideFunction: true,
};
/**
 * What cannot be read as one is read as the next. JavaScript first, for that is what runs: to TypeScript
 * `f<process["env"]>(x)` has a type in it, and no environment. `<T>x` is a cast to it, and an element to JSX.
 */
const PLUGINS: NonNullable<ParserOptions["plugins"]>[] = [
  [],
  ["typescript", "jsx", "decorators"],
  ["typescript", "decorators"],
  ["jsx", "decorators"],
];

type ParseError = Error & { pos?: number; loc?: { line: number; column: number } };

type Read = { tree: Node; finding: null } | { tree: null; finding: Finding };

/** Throws RangeError where it is nested too deep. What is wrong with it is told by the reading that came farthest. */
export function treeOf(source: string): Read {
  let wrong: ParseError | null = null;
  for (const plugins of PLUGINS) {
    try {
      return {
        tree: parse(source, { ...OPTIONS, plugins }).program as unknown as Node,
        finding: null,
      };
    } catch (error) {
      // Another reading goes no deeper, and would take as long.
      if (error instanceof RangeError) throw error;
      const other = error as ParseError;
      if (wrong === null || (other.pos ?? 0) > (wrong.pos ?? 0)) wrong = other;
    }
  }
  const [line, column] = [wrong?.loc?.line ?? 1, (wrong?.loc?.column ?? 0) + 1];
  const text = shownText(wrong?.message ?? "");
  return { tree: null, finding: { line, column, rule: "syntax", text } };
}
