/** The audit log's lines, read with bounded memory. */
import { closeSync, createReadStream, fstatSync, openSync, readSync } from "node:fs";

export const AUDIT_LOG = "/var/log/sallyport/audit.jsonl";

/** More than the longest record; the helper shortens what could make one longer. */
export const LINE_MAX_BYTES = 65_536;
const LINE_FEED = 0x0a;

export type Line =
  | { kind: "line"; bytes: Buffer }
  /** Longer than `LINE_MAX_BYTES`; its bytes were dropped. */
  | { kind: "too_long" }
  /** The last one, without its line feed. */
  | { kind: "incomplete"; length: number };

/** Bytes split at line feeds. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  let held: Buffer[] = [];
  let length = 0;
  const hold = (bytes: Buffer): void => {
    length += bytes.length;
    if (length <= LINE_MAX_BYTES) held.push(bytes);
    else held = [];
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      hold(chunk.subarray(start, end));
      yield length > LINE_MAX_BYTES
        ? { kind: "too_long" }
        : { kind: "line", bytes: Buffer.concat(held) };
      held = [];
      length = 0;
      start = end + 1;
    }
    hold(chunk.subarray(start));
  }
  if (length > 0) yield { kind: "incomplete", length };
}

/** The file's bytes as they are now; what a helper appends meanwhile is left for next time. Throws as open(2) does. */
export async function* bytesOf(file: string): AsyncGenerator<Buffer> {
  const fd = openSync(file, "r");
  const stat = fstatSync(fd);
  if (stat.isFile() && stat.size === 0) return closeSync(fd);
  const end = stat.isFile() ? stat.size - 1 : Number.POSITIVE_INFINITY;
  for await (const chunk of createReadStream("", { fd, end })) yield chunk as Buffer;
}

/** The last `count` whole lines, oldest first. Throws as open(2) does. */
export function lastLines(file: string, count: number): Buffer[] {
  const fd = openSync(file, "r");
  try {
    const lines: Buffer[] = [];
    let from = fstatSync(fd).size;
    // Bytes of the line that goes on after `from`; before the first line feed from the end, no whole line.
    let rest: Buffer = Buffer.alloc(0);
    let whole = false;
    while (from > 0 && lines.length < count) {
      const block = Buffer.alloc(Math.min(LINE_MAX_BYTES, from));
      from -= block.length;
      readSync(fd, block, 0, block.length, from);
      let end = block.length;
      for (let at = block.lastIndexOf(LINE_FEED); at !== -1; at = previousLineFeed(block, at)) {
        if (whole) lines.push(Buffer.concat([block.subarray(at + 1, end), rest]));
        whole = true;
        rest = Buffer.alloc(0);
        end = at;
      }
      rest = Buffer.concat([block.subarray(0, end), rest.subarray(0, LINE_MAX_BYTES)]);
    }
    if (from === 0 && whole && lines.length < count) lines.push(rest);
    return lines.slice(0, count).toReversed();
  } finally {
    closeSync(fd);
  }
}

function previousLineFeed(block: Buffer, at: number): number {
  return at === 0 ? -1 : block.lastIndexOf(LINE_FEED, at - 1);
}
