/** A change of sudoers/transaction.sh: `text` stands once in it, and becomes `other`; `row` is then no longer what it gives. */
export type Change = { what: string; text: string; other: string; row: string };

/** The line `text` is not there. */
export const without = (text: string, row: string): Change => ({
  what: `there is no \`${text}\``,
  text,
  other: ":",
  row,
});
/** `text` is `other`. */
export const instead = (text: string, other: string, row: string): Change => ({
  what: `\`${text}\` is \`${other}\``,
  text,
  other,
  row,
});
