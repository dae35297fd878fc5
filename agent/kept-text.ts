/** The beginning and the end of what a step prints, in a memory that does not grow with it. */

/** Of a step, in UTF-16 units. */
const HEAD_MAX = 64 * 1024;
const TAIL_MAX = 192 * 1024;

export type KeptOutput = {
  add: (text: string) => void;
  /** With a line that says how much is missing, if anything is. */
  text: () => string;
  truncated: () => boolean;
};

export function keptOutput(): KeptOutput {
  let [head, tail, left] = ["", "", 0];
  const cut = (): number => Math.max(0, tail.length - TAIL_MAX);
  return {
    add(text) {
      const room = HEAD_MAX - head.length;
      head += text.slice(0, room);
      tail += text.slice(room);
      // Not for every piece: cutting copies it all.
      if (tail.length <= 2 * TAIL_MAX) return;
      left += cut();
      tail = tail.slice(-TAIL_MAX);
    },
    text() {
      const missing = left + cut();
      if (missing === 0) return head + tail;
      const gap = `\n… ${missing} characters left out …\n`;
      return `${head}${gap}${tail.slice(-TAIL_MAX)}`.toWellFormed();
    },
    truncated: () => left + cut() > 0,
  };
}

/** The same of a text that is there as a whole. */
export function keptOf(text: string, truncated: boolean): { text: string; truncated: boolean } {
  const kept = keptOutput();
  kept.add(text);
  return { text: kept.text(), truncated: truncated || kept.truncated() };
}
