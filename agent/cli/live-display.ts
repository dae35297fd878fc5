/**
 * Hosts as rows that are redrawn in place. The cursor is never hidden and always stands below the rows, at the
 * beginning of a line: whatever ends this process, even SIGKILL, leaves a terminal that needs no repair.
 */
import type { WriteStream } from "node:tty";
import type { HostPhase } from "../../inventory/bootstrap.ts";
import type { HostEnd } from "../../inventory/host-end.ts";
import { fits, screenLines, type HostRow, type Line, type Screen } from "./host-rows.ts";
import { endText } from "./bootstrap-words.ts";
import { redraws } from "./terminal-turn.ts";

export type Display = {
  phase: (name: string, phase: HostPhase) => void;
  end: (end: HostEnd) => void;
  /** For standard error: it stands where nothing is drawn over it. */
  say: (text: string) => void;
  /** Hosts that have ended are on the screen for good, and nothing else is. */
  close: () => void;
};

/** Not more often than a person can read. */
const MILLISECONDS = 60;

export function liveDisplay(
  names: readonly string[],
  terminal: WriteStream,
  colours: boolean,
): Display {
  const rows = new Map<string, HostRow>();
  for (const name of names) rows.set(name, { name, phase: "waiting", end: null });
  const width = Math.max(...names.map((name) => name.length));
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
  /** Takes those that have ended out of the rows, as the lines that stay. */
  const printed = (): string => {
    const ends = [...rows.values()].flatMap(({ end }) => end ?? []);
    for (const { name } of ends) rows.delete(name);
    return ends.map((end) => endText(end, width)).join("");
  };
  const draw = (): void => {
    timer = null;
    const screen = sizeOf(terminal, colours);
    const kept = fits([...rows.values()], screen) ? "" : printed();
    const lines = screenLines([...rows.values()], screen);
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
    phase: (name, phase) => {
      const row = rows.get(name);
      if (row !== undefined) row.phase = phase;
      soon();
    },
    end: (end) => {
      const row = rows.get(end.name);
      if (row !== undefined) row.end = end;
      soon();
    },
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
