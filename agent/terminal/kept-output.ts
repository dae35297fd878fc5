/** The beginning and the end of a text of any length, in a memory that does not grow with it. */

export type KeptOutput = {
  add: (text: string) => void;
  /** With a line that says how much is missing, if anything is. */
  text: () => string;
  truncated: () => boolean;
};

/** `capacity`: characters kept, half of them from each side. */
export function keptOutput(capacity: number): KeptOutput {
  const half = Math.floor(capacity / 2);
  let head = "";
  let tail = "";
  let added = 0;
  return {
    add: (text) => {
      const room = half - head.length;
      head += text.slice(0, room);
      tail += text.slice(room);
      added += text.length;
      if (tail.length > 2 * half) tail = tail.slice(-half);
    },
    text: () => {
      const end = tail.slice(-half);
      const missing = added - head.length - end.length;
      if (missing === 0) return head + end;
      // No half of a character beside the gap.
      const [before, after] = [
        head.replace(/[\uD800-\uDBFF]$/, ""),
        end.replace(/^[\uDC00-\uDFFF]/, ""),
      ];
      return `${before}\n[… ${missing} characters are not kept …]\n${after}`;
    },
    truncated: () => added > 2 * half,
  };
}
