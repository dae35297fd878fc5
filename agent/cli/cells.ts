/** How wide text is on a terminal, and text that is cut to fit. It was escaped before: it has no control characters. */

/** Drawn over what stands before it. */
const NONE = /^\p{M}$/u;
/** Two cells, by Unicode's East Asian Width, roughly: too wide a guess only cuts a little earlier. */
const TWO =
  /^[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uA960-\uA97C\uAC00-\uD7A3\uF900-\uFAFF\uFE10-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F000}-\u{1FAFF}\u{20000}-\u{3FFFD}\p{Emoji_Presentation}]$/u;

function cellsOf(character: string): number {
  if (character >= " " && character <= "~") return 1;
  if (NONE.test(character)) return 0;
  return TWO.test(character) ? 2 : 1;
}

export function cells(text: string): number {
  let sum = 0;
  for (const character of text) sum += cellsOf(character);
  return sum;
}

/** At most `width` cells of it; where something is missing the last one is `…`. */
export function cut(text: string, width: number): string {
  if (cells(text) <= width) return text;
  let [kept, sum] = ["", 0];
  for (const character of text) {
    sum += cellsOf(character);
    if (sum > width - 1) break;
    kept += character;
  }
  return width < 1 ? "" : `${kept}…`;
}

export function padded(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - cells(text)));
}
