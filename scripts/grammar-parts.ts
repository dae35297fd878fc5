/** The parser of `agent/risk/grammar.ts` and its grammar: wasm, which the executable has beside its text. */
import { join } from "node:path";

/** As `agent/risk/grammar.ts` asks for them; each is also the path below node_modules. */
const WASM_PARTS = [
  "web-tree-sitter/web-tree-sitter.wasm",
  "tree-sitter-bash/tree-sitter-bash.wasm",
];

/** Names to files. */
export function wasmFiles(root: string): Map<string, string> {
  return new Map(WASM_PARTS.map((name) => [name, join(root, "node_modules", name)]));
}

/** The package's CommonJS: the other one asks where it is, which nothing in an executable can. */
export function grammarAlias(root: string): Record<string, string> {
  return { "web-tree-sitter": join(root, "node_modules/web-tree-sitter/web-tree-sitter.cjs") };
}
