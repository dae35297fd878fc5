/** Which lines a screen shows of many things: one each, or where they are too many, those under way. */
import { escapeLine } from "../escape.ts";
import { cells, cut, padded } from "./cells.ts";

export type Tone = "good" | "neutral" | "bad";

/** A host or a step that has not been printed for good. */
export type Row = {
  name: string;
  /** Of what was typed here, with no hidden character. */
  word: string;
  /** Null: it has not ended. */
  tone: Tone | null;
  /** Untrusted text. */
  reason: string;
  /** Beside the word, whatever became of it; null where there is none. */
  mark: { word: string; tone: Tone } | null;
  waiting: boolean;
};
export type Screen = { columns: number; rows: number; colours: boolean };
export type Line = { text: string; cells: number };

/** `rows`: all that are not printed. What does not fit is counted in the last line. */
export function screenLines(rows: readonly Row[], screen: Screen): Line[] {
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

function isUnderWay({ tone, waiting }: Row): boolean {
  return tone === null && !waiting;
}

function restText(rows: readonly Row[], shown: number): string {
  const more = rows.filter(isUnderWay).length - shown;
  const waiting = rows.filter((row) => row.tone === null && row.waiting).length;
  const parts = [more > 0 ? `${more} more under way` : "", waiting > 0 ? `${waiting} waiting` : ""];
  return parts.filter(Boolean).join(", ");
}

const SGR: Record<Tone, string> = { good: "32", neutral: "33", bad: "31" };

function lineOf(
  { name, word: whole, tone, reason, mark }: Row,
  width: number,
  columns: number,
  colours: boolean,
): Line {
  const first = `${padded(cut(escapeLine(name), width), width)}  `;
  const word = cut(whole, columns - cells(first));
  const sgr = tone === null ? "2" : SGR[tone];
  const beside = mark === null || cells(`${first}${word}  ${mark.word}`) > columns ? null : mark;
  const plain = `${first}${word}${beside === null ? "" : `  ${beside.word}`}`;
  const room = columns - cells(plain) - 2;
  const why = reason === "" || room < 1 ? "" : `  ${cut(escapeLine(reason), room)}`;
  const text = colours
    ? `${first}\x1b[${sgr}m${word}\x1b[0m${beside === null ? "" : `  \x1b[${SGR[beside.tone]}m${beside.word}\x1b[0m`}`
    : plain;
  return { text: text + why, cells: cells(plain + why) };
}
