/** Text that comes in pieces, as whole lines. */

/** A program that ends no line must not fill the memory. */
const LONGEST = 16 * 1024;

export type LineBuffer = {
  /** The lines that are whole now, without their ends. */
  add: (text: string) => string[];
  /** What is left at the end: one line, or none. */
  rest: () => string[];
};

export function lineBuffer(): LineBuffer {
  let open = "";
  return {
    add(text) {
      const lines = (open + text).split("\n");
      open = lines.pop() ?? "";
      if (open.length > LONGEST) {
        lines.push(open);
        open = "";
      }
      return lines.map((line) => line.replace(/\r$/, ""));
    },
    rest() {
      const line = open;
      open = "";
      return line === "" ? [] : [line];
    },
  };
}
