/** The beginning and the end of what a step prints, in a memory that does not grow with it. */

/** Of a step, in UTF-16 units. */
const STEP = { head: 64 * 1024, tail: 192 * 1024 };

/** `missing`: how many units there were between them; with 0 they are one text. */
type Ends = { head: string; missing: number; tail: string };
type KeptEnds = { add: (text: string) => void; ends: () => Ends };

/** Keeps this many UTF-16 units. Either end may begin or stop within a character. */
export function keptEnds({ head: headMax, tail: tailMax }: typeof STEP): KeptEnds {
  let [head, tail, left] = ["", "", 0];
  const cut = (): number => Math.max(0, tail.length - tailMax);
  return {
    add(text) {
      const room = headMax - head.length;
      head += text.slice(0, room);
      tail += text.slice(room);
      // Not for every piece: cutting copies it all.
      if (tail.length <= 2 * tailMax) return;
      left += cut();
      tail = tail.slice(-tailMax);
    },
    ends: () => ({ head, missing: left + cut(), tail: tail.slice(cut()) }),
  };
}

export type KeptOutput = {
  add: (text: string) => void;
  /** With a line that says how much is missing, if anything is. */
  text: () => string;
  truncated: () => boolean;
};

export function keptOutput(): KeptOutput {
  const kept = keptEnds(STEP);
  return {
    add: kept.add,
    text() {
      const { head, missing, tail } = kept.ends();
      if (missing === 0) return head + tail;
      return `${head}\n… ${missing} characters left out …\n${tail}`.toWellFormed();
    },
    truncated: () => kept.ends().missing > 0,
  };
}

/** The same of a text that is there as a whole. */
export function keptOf(text: string, truncated: boolean): { text: string; truncated: boolean } {
  const kept = keptOutput();
  kept.add(text);
  return { text: kept.text(), truncated: truncated || kept.truncated() };
}
