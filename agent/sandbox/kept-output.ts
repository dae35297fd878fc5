/** Of the output of a program, its first and its last bytes: what is between may be endless. */
import { keptEnds } from "../kept-text.ts";

export type KeptOutput = {
  add(chunk: Buffer): void;
  /** All that came, in bytes. */
  total(): number;
  truncated(): boolean;
  /** UTF-8, with a line in place of what is left out. */
  text(): string;
};

/** Keeps `max` bytes: a third from the beginning, the rest from the end, which says most. */
export function keptOutput(max: number): KeptOutput {
  const head = Math.floor(max / 3);
  const kept = keptEnds({ head, tail: max - head });
  let total = 0;
  return {
    add(chunk) {
      total += chunk.length;
      // Latin 1 has a unit for each byte.
      kept.add(chunk.toString("latin1"));
    },
    total: () => total,
    truncated: () => total > max,
    text() {
      const ends = kept.ends();
      if (ends.missing === 0) return fromBytes(ends.head + ends.tail);
      const note = `\n… ${ends.missing} bytes left out …\n`;
      return `${fromBytes(ends.head)}${note}${fromBytes(ends.tail)}`;
    },
  };
}

function fromBytes(latin1: string): string {
  return Buffer.from(latin1, "latin1").toString("utf8");
}
