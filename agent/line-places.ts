/** Where in a text something stands. */
import { LineCounter } from "yaml";

/** Of the whole text; the parser's own count misses line feeds in what it cannot read. */
export function linesOf(text: string): LineCounter {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (const { index } of text.matchAll(/\n/g)) lines.addNewLine(index + 1);
  return lines;
}
