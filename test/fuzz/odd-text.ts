/** Texts that readers stumble over: what is empty, invisible, reserved, huge or half a character. */
import * as fc from "fast-check";

const ODD = [
  "",
  " ",
  "\t",
  "\n",
  "\r\n",
  "\0",
  "-",
  "--",
  "-H",
  "%",
  "#0",
  "..",
  "/",
  "\\",
  "\u001b[2J",
  "\u202e",
  "\u2028",
  "\u200b",
  "\ufeff",
  "\ud800",
  "\udfff",
  "é",
  "e\u0301",
  "😀",
  "null",
  "true",
  "0",
  "-0",
  "1e999",
  "010",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "{{ x }}",
  "${x}",
  "$(id)",
  "`id`",
  "'",
  '"',
  "*",
  "x".repeat(127),
  "x".repeat(129),
  "é".repeat(65),
];

/** `words`: what the reader knows, so that most inputs get past its first check. */
export function oddText(words: readonly string[]): fc.Arbitrary<string> {
  const known = fc.constantFrom(...words);
  const odd = fc.constantFrom(...ODD);
  return fc.oneof(
    { weight: 6, arbitrary: known },
    { weight: 2, arbitrary: odd },
    { weight: 2, arbitrary: fc.string({ unit: "binary", maxLength: 12 }) },
    { weight: 1, arbitrary: fc.tuple(known, odd).map(([one, other]) => one + other) },
    { weight: 1, arbitrary: fc.tuple(odd, known).map(([one, other]) => one + other) },
    { weight: 1, arbitrary: known.map((word) => word.toUpperCase()) },
  );
}

/** `text` with pieces cut out, put in, doubled or exchanged; positions are parts of its length. */
export type Edit = { at: number; cut: number; put: string };

export function edits(pieces: readonly string[]): fc.Arbitrary<Edit[]> {
  const place = fc.double({ min: 0, max: 1, noNaN: true });
  const put = fc.oneof(fc.constant(""), fc.constantFrom(...pieces), fc.constantFrom(...ODD));
  return fc.array(fc.record({ at: place, cut: fc.nat(8), put }), { maxLength: 4 });
}

export function edited(text: string, changes: readonly Edit[]): string {
  return changes.reduce((now, { at, cut, put }) => {
    const from = Math.floor(at * (now.length + 1));
    return now.slice(0, from) + put + now.slice(from + cut);
  }, text);
}
