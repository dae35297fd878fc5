/** The beginning and the end of what a step prints, whatever its length. */

/** Of a step, in UTF-16 units. */
const HEAD_MAX = 64 * 1024;
const TAIL_MAX = 192 * 1024;

export type KeptOutput = {
  add(text: string): void;
  read(): { text: string; truncated: boolean };
};

export function keptOutput(): KeptOutput {
  let head = "";
  let tail = "";
  let left = 0;
  return {
    add(text) {
      const room = HEAD_MAX - head.length;
      if (room > 0) head += text.slice(0, room);
      if (text.length <= room) return;
      tail += text.slice(Math.max(0, room));
      // Not for every chunk: cutting copies it all.
      if (tail.length > 2 * TAIL_MAX) {
        left += tail.length - TAIL_MAX;
        tail = tail.slice(-TAIL_MAX);
      }
    },
    read() {
      const cut = Math.max(0, tail.length - TAIL_MAX);
      if (left + cut === 0) return { text: head + tail, truncated: false };
      const gap = `\n… ${left + cut} characters left out …\n`;
      return { text: `${head}${gap}${tail.slice(cut)}`.toWellFormed(), truncated: true };
    },
  };
}

/** The same of a text that is there as a whole. */
export function keptOf(text: string, truncated: boolean): { text: string; truncated: boolean } {
  const kept = keptOutput();
  kept.add(text);
  const read = kept.read();
  return { text: read.text, truncated: truncated || read.truncated };
}
