/**
 * Rows that are redrawn in place. The cursor is never hidden and always stands below the rows, at the beginning of a
 * line: whatever ends this process, even SIGKILL, leaves a terminal that needs no repair.
 */
import type { WriteStream } from "node:tty";
import { fits, screenLines, type Line, type Row, type Screen } from "./screen-rows.ts";
import { redraws } from "./terminal-turn.ts";

export type Picture = {
  /** All that have not been printed for good. */
  rows: () => Row[];
  /** Takes those that have ended out of the rows, as the lines that stay. */
  printed: () => string;
};

export type Drawing = {
  /** Something has changed. */
  soon: () => void;
  /** For standard error: it stands where nothing is drawn over it. */
  say: (text: string) => void;
  /** What has ended is on the screen for good, and nothing else is. */
  close: () => void;
};

/** Not more often than a person can read. */
const MILLISECONDS = 60;

export function drawOn(
  terminal: WriteStream,
  colours: boolean,
  { rows, printed }: Picture,
): Drawing {
  /** What stands between the cursor and what was printed for good. */
  let drawn: Line[] = [];
  let timer: NodeJS.Timeout | null = null;
  let paused = false;

  const back = ({ columns, rows: height }: Screen): string => {
    // Terminals break lines anew when they become narrower.
    const lines = drawn.reduce(
      (sum, line) => sum + Math.max(1, Math.ceil(line.cells / columns)),
      0,
    );
    const up = Math.min(lines, height - 1);
    return up === 0 ? "\r" : `\r\x1b[${up}A`;
  };
  const draw = (): void => {
    timer = null;
    const screen = sizeOf(terminal, colours);
    const kept = fits(rows(), screen) ? "" : printed();
    const lines = screenLines(rows(), screen);
    const text = lines.map((line) => `${kept === "" ? "\x1b[2K" : ""}${line.text}\n`).join("");
    terminal.write(`${back(screen)}${kept === "" ? "" : `\x1b[J${kept}`}${text}\x1b[J`);
    drawn = lines;
  };
  const clear = (kept: string): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (drawn.length > 0 || kept !== "")
      terminal.write(`${back(sizeOf(terminal, false))}\x1b[J${kept}`);
    drawn = [];
  };
  const soon = (): void => {
    if (!paused) timer ??= setTimeout(draw, MILLISECONDS).unref();
  };
  // After ^Z and fg the shell's own lines stand above.
  const continued = (): void => {
    drawn = [];
    soon();
  };
  terminal.on("resize", soon);
  process.on("SIGCONT", continued);
  redraws({
    pause: () => {
      paused = true;
      clear(printed());
    },
    resume: () => {
      paused = false;
      soon();
    },
  });

  return {
    soon,
    say: (text) => {
      clear("");
      process.stderr.write(text);
      soon();
    },
    close: () => {
      terminal.off("resize", soon);
      process.off("SIGCONT", continued);
      redraws(null);
      clear(printed());
    },
  };
}

/** A terminal that does not know its size says 0. */
function sizeOf({ columns, rows }: WriteStream, colours: boolean): Screen {
  return { columns: columns > 0 ? columns : 80, rows: rows > 0 ? rows : 24, colours };
}
