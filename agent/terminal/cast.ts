/**
 * A recording in asciicast v3 (docs.asciinema.org/manual/asciicast/v3): a line of JSON about the terminal, then one
 * for each event, with the seconds since the one before it. What is typed is not recorded: nothing is.
 */
import { createHash } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import { COLUMNS, ROWS } from "./session.ts";

/** After this the recording says only that it stops: a step may say more than a disk holds. */
const LONGEST_BYTES = 64 << 20;

export type Cast = {
  output: (text: string) => void;
  /** Writes how it ended, and closes the file. Lowercase hex of its SHA-256. */
  end: (status: string) => string;
};

/** `file`: must not be there yet; for this user alone. Throws what open(2) and write(2) do. */
export function openCast(file: string): Cast {
  const descriptor = openSync(file, "wx", 0o600);
  const digest = createHash("sha256");
  let written = 0;
  let full = false;
  let last = performance.now();
  const write = (value: unknown): void => {
    const line = Buffer.from(`${JSON.stringify(value)}\n`);
    for (let at = 0; at < line.length;) at += writeSync(descriptor, line, at);
    digest.update(line);
    written += line.length;
  };
  const event = (code: "o" | "m" | "x", data: string): void => {
    const now = performance.now();
    write([Number(((now - last) / 1000).toFixed(6)), code, data]);
    last = now;
  };
  write({
    version: 3,
    term: { cols: COLUMNS, rows: ROWS },
    timestamp: Math.floor(Date.now() / 1000),
  });
  return {
    output: (text) => {
      if (full || text === "") return;
      if (written < LONGEST_BYTES) return event("o", text);
      full = true;
      event("m", `the recording stops here: it has ${LONGEST_BYTES >> 20} MiB`);
    },
    end: (status) => {
      try {
        event("x", status);
      } finally {
        closeSync(descriptor);
      }
      return digest.digest("hex");
    },
  };
}
