/**
 * Untrusted text for a terminal. Everything that could move the cursor, reorder
 * or hide what stands beside it becomes visible (CVE-2021-42574, CVE-2023-28486).
 */

/**
 * Controls (C0, DEL, C1), format characters (bidi, zero width, soft hyphen, byte order mark, tags),
 * halves of surrogate pairs, line and paragraph separators, and what else is drawn as nothing.
 */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** One line of text: every hidden character as `\u{…}`, line ends included. */
export function escapeLine(text: string): string {
  return text.replace(HIDDEN, (hidden) => `\\u{${hidden.codePointAt(0)?.toString(16)}}`);
}

/** Output of a program, many lines: as `escapeLine`, but line feeds and tabs stay. */
export function escapeBlock(text: string): string {
  return text
    .split("\n")
    .map((line) => line.split("\t").map(escapeLine).join("\t"))
    .join("\n");
}

/** One argument in quotes: valid JSON that parses back to the argument, without a hidden character. */
export function quote(argument: string): string {
  return visibleJson(argument);
}

/** JSON that parses back to the value, without a hidden character. */
export function visibleJson(value: string | object): string {
  return JSON.stringify(value).replace(HIDDEN, (hidden) =>
    Array.from({ length: hidden.length }, (_, at) => {
      const unit = hidden.charCodeAt(at).toString(16);
      return `\\u${unit.padStart(4, "0")}`;
    }).join(""),
  );
}

/** An argument, in quotes unless it is harmless bare. To be read; a shell would expand within these quotes. */
export function bareOrQuoted(argument: string): string {
  return isHarmless(argument) ? argument : quote(argument);
}

/** Whether an argument means itself to every shell and every reader. */
export function isHarmless(argument: string): boolean {
  return /^[\w@%+=:,./-]+$/.test(argument);
}
