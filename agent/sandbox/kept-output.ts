/** Output of a program, its first and its last bytes: what is between may be endless. */

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
  const headMax = Math.floor(max / 3);
  const tailMax = max - headMax;
  const head: Buffer[] = [];
  let tail: Buffer[] = [];
  let [headBytes, tailBytes, total] = [0, 0, 0];
  return {
    add(chunk) {
      total += chunk.length;
      const toHead = Math.min(chunk.length, headMax - headBytes);
      if (toHead > 0) head.push(chunk.subarray(0, toHead));
      headBytes += toHead;
      if (toHead === chunk.length) return;
      tail.push(chunk.subarray(toHead));
      tailBytes += chunk.length - toHead;
      // Twice as much is held now and then, so that not every chunk is copied.
      if (tailBytes <= 2 * tailMax) return;
      tail = [Buffer.concat(tail).subarray(-tailMax)];
      tailBytes = tailMax;
    },
    total: () => total,
    truncated: () => total > max,
    text() {
      const kept = Buffer.concat(tail).subarray(-tailMax);
      if (total <= max) return Buffer.concat([...head, kept]).toString("utf8");
      const note = `\n… ${total - headBytes - kept.length} bytes left out …\n`;
      return `${Buffer.concat(head).toString("utf8")}${note}${kept.toString("utf8")}`;
    },
  };
}
