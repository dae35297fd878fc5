/** The daemon's log: one JSON object a line on stderr, with the journal's priorities where it goes there. */
import { fstatSync } from "node:fs";
import { pino, symbols, type Level, type Logger } from "pino";

export type Log = Logger;

/** Priorities of syslog(3) by pino's levels. */
function priority(level: number): number {
  if (level >= 60) return 2;
  if (level >= 50) return 3;
  if (level >= 40) return 4;
  return level >= 30 ? 6 : 7;
}

/** What goes into it is chosen field by field; the token is never among the fields. */
export function openLog(level: Level): Log {
  const journal = goesToJournal(process.env["JOURNAL_STREAM"]);
  // A journal that restarts breaks the pipe; that ends no request.
  process.stderr.on("error", () => {});
  const sink = {
    [symbols.needsMetadataGsym]: true as const,
    lastLevel: 30,
    write(line: string): void {
      process.stderr.write(journal ? `<${priority(this.lastLevel)}>${line}` : line);
    },
  };
  return pino(
    {
      level,
      base: null,
      formatters: { level: (label) => ({ level: label }) },
      // The journal has the time already.
      timestamp: journal ? false : pino.stdTimeFunctions.isoTime,
    },
    sink,
  );
}

/** systemd.exec(5): the variable names device and inode, and may be inherited by what writes elsewhere. */
function goesToJournal(stream: string | undefined): boolean {
  if (stream === undefined) return false;
  const { dev, ino } = fstatSync(2, { bigint: true });
  return stream === `${dev}:${ino}`;
}
