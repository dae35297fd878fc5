/** Which lines a screen shows of many hosts: one each, or where they are too many, those under way. */
import type { HostPhase } from "../../inventory/bootstrap.ts";
import type { HostEnd } from "../../inventory/host-end.ts";
import { escapeLine } from "../escape.ts";
import { cells, cut, padded } from "./cells.ts";
import { toneOf, type Tone } from "./bootstrap-words.ts";

/** A host that has not been printed for good. */
export type HostRow = { name: string; phase: HostPhase | "waiting"; end: HostEnd | null };
export type Screen = { columns: number; rows: number; colours: boolean };
export type Line = { text: string; cells: number };

/** `rows`: all that are not printed. What does not fit is counted in the last line. */
export function screenLines(rows: readonly HostRow[], screen: Screen): Line[] {
  // The cursor stands on a line of its own, and in no last column, where terminals differ.
  const [room, columns] = [Math.max(1, screen.rows - 1), Math.max(1, screen.columns - 1)];
  const shown = fits(rows, screen) ? rows : rows.filter(isUnderWay).slice(0, room - 1);
  const longest = Math.max(0, ...shown.map(({ name }) => cells(escapeLine(name))));
  const width = Math.min(longest, Math.floor(columns / 2));
  const lines = shown.map((row) => lineOf(row, width, columns, screen.colours));
  if (shown.length === rows.length) return lines;
  const text = cut(`${padded("…", width)}  ${restText(rows, shown.length)}`, columns);
  return [...lines, { text, cells: cells(text) }];
}

export function fits(rows: readonly unknown[], screen: Screen): boolean {
  return rows.length <= screen.rows - 1;
}

function isUnderWay({ phase, end }: HostRow): boolean {
  return end === null && phase !== "waiting";
}

function restText(rows: readonly HostRow[], shown: number): string {
  const more = rows.filter(isUnderWay).length - shown;
  const waiting = rows.filter(({ phase, end }) => end === null && phase === "waiting").length;
  const parts = [more > 0 ? `${more} more under way` : "", waiting > 0 ? `${waiting} waiting` : ""];
  return parts.filter(Boolean).join(", ");
}

const SGR: Record<Tone, string> = { good: "32", neutral: "33", bad: "31" };

function lineOf(
  { name, phase, end }: HostRow,
  width: number,
  columns: number,
  colours: boolean,
): Line {
  const first = `${padded(cut(escapeLine(name), width), width)}  `;
  const word = cut(end?.state ?? phase, columns - cells(first));
  const room = columns - cells(first) - cells(word) - 2;
  const reason =
    end === null || end.reason === "" || room < 1 ? "" : `  ${cut(escapeLine(end.reason), room)}`;
  const sgr = end === null ? "2" : SGR[toneOf(end.state)];
  const painted = colours ? `\x1b[${sgr}m${word}\x1b[0m` : word;
  return { text: first + painted + reason, cells: cells(first + word + reason) };
}
