/**
 * Untrusted text for a terminal. Everything that could move the cursor, reorder
 * or hide what stands beside it becomes visible (CVE-2021-42574, CVE-2023-28486).
 */

/**
 * C0, DEL and C1 controls; soft hyphen; bidi marks, embeddings and isolates;
 * zero-width and invisible characters; line and paragraph separators; byte order
 * mark, interlinear marks, tags, and halves of surrogate pairs.
 */
const HIDDEN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e0fff}\ud800-\udfff]/gu;

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
  return JSON.stringify(argument).replace(HIDDEN, (hidden) =>
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
