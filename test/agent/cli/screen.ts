/** A terminal of so many columns and rows, as far as our programs use one: what a person sees at the end is asserted. */

type Row = { text: string; continues: boolean };
export type Terminal = {
  write(text: string): void;
  /** As most terminals do it: lines that were broken by the width are broken anew. */
  resize(columns: number, rows: number): void;
  /** All lines that were ever scrolled off, and then those on the screen, without trailing spaces and empty lines. */
  lines(): string[];
  cursor(): { line: number; column: number };
  /** Everything that is no text, line feed or one of the sequences known here. */
  unknown: string[];
};

// oxlint-disable-next-line no-control-regex
const TOKEN = /\x1b\[([\d;?]*)([A-Za-z])|[\s\S]/gu;

export function terminal(columns: number, height: number): Terminal {
  let rows: Row[] = [{ text: "", continues: false }];
  let [at, column, top] = [0, 0, 0];
  const unknown: string[] = [];
  const rowAt = (index: number): Row => {
    while (rows.length <= index) rows.push({ text: "", continues: false });
    return rows[index] as Row;
  };
  const down = (): void => {
    at += 1;
    rowAt(at);
    top = Math.max(top, at - height + 1);
  };
  const put = (character: string): void => {
    if (column === columns) {
      rowAt(at).continues = true;
      down();
      column = 0;
    }
    const row = rowAt(at);
    row.text = row.text.padEnd(column).slice(0, column) + character + row.text.slice(column + 1);
    column += 1;
  };
  const erase = (sequence: string): void => {
    const row = rowAt(at);
    if (sequence === "\x1b[2K") row.text = "";
    else row.text = row.text.slice(0, Math.min(column, columns - 1));
    if (sequence !== "\x1b[J") return;
    row.continues = false;
    rows.length = at + 1;
  };
  return {
    unknown,
    write: (text) => {
      for (const [token, count = "", letter] of text.matchAll(TOKEN))
        if (letter === "A") {
          at = Math.max(top, at - Number(count || 1));
          column = Math.min(column, columns - 1);
        } else if (["\x1b[J", "\x1b[K", "\x1b[2K"].includes(token)) erase(token);
        else if (token === "\r") column = 0;
        else if (token === "\n") {
          rowAt(at).continues = false;
          down();
        } else if (letter === undefined && (token >= " " || token === "")) put(token);
        else if (letter !== "m") unknown.push(JSON.stringify(token));
    },
    resize: (newColumns, newHeight) => {
      const whole: string[] = [];
      let [cursorLine, offset, open] = [0, 0, false];
      for (const [index, row] of rows.entries()) {
        if (open) whole[whole.length - 1] += row.text.padEnd(columns);
        else whole.push(row.continues ? row.text.padEnd(columns) : row.text);
        open = row.continues;
        if (index === at) {
          cursorLine = whole.length - 1;
          offset = column;
        }
      }
      const broken: Row[] = [];
      for (const [index, line] of whole.entries()) {
        const count = Math.max(1, Math.ceil(line.trimEnd().length / newColumns));
        if (index === cursorLine) at = broken.length + Math.floor(offset / newColumns);
        for (let part = 0; part < count; part += 1) {
          const text = line.slice(part * newColumns, (part + 1) * newColumns);
          broken.push({ text, continues: part < count - 1 });
        }
      }
      rows = broken;
      column = offset % newColumns;
      [columns, height] = [newColumns, newHeight];
      top = Math.max(0, at - height + 1);
    },
    lines: () => {
      const all = rows.map(({ text }) => text.trimEnd());
      while (all.at(-1) === "") all.pop();
      return all;
    },
    cursor: () => ({ line: at, column }),
  };
}
