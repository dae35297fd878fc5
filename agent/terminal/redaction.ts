/**
 * Takes secrets out of a stream of bytes, wherever its pieces begin and end.
 *
 * The password of sudo is none of them: no program of a step is ever given it, and a step that sees which of its
 * guesses disappear from its own output would have been told the password.
 */

const IN_THEIR_PLACE = Buffer.from("[redacted]");
/** What is shorter than this stands in every text. */
const SHORTEST = 4;

export type Redaction = {
  /** What can be said by now; what may be the beginning of a secret is held back. */
  take: (bytes: Buffer) => Buffer;
  /** What was held back. */
  rest: () => Buffer;
};

/** `secrets`: bytes of any kind; those below 4 bytes are left alone. A terminal's line ends are theirs, too. */
export function redaction(secrets: readonly Buffer[]): Redaction {
  const spellings = secrets.flatMap((secret) => {
    const onTerminal = Buffer.from(secret.toString("latin1").replaceAll("\n", "\r\n"), "latin1");
    return onTerminal.length === secret.length ? [secret] : [secret, onTerminal];
  });
  // The longest first: of two that begin alike it is the one that is there.
  const sought = spellings
    .filter(({ length }) => length >= SHORTEST)
    .toSorted((one, other) => other.length - one.length);
  if (sought.length === 0) return { take: (bytes) => bytes, rest: () => Buffer.alloc(0) };
  let held = Buffer.alloc(0);
  /** `more`: whether there may be more bytes. */
  const without = (all: Buffer, more: boolean): Buffer => {
    const pieces: Buffer[] = [];
    let from = 0;
    for (;;) {
      const found = first(all, sought, from);
      // What is found may still become a longer one, or what begins before it may.
      const open = more ? beginning(all, sought, from) : all.length;
      if (found !== null && found.at < open) {
        pieces.push(all.subarray(from, found.at), IN_THEIR_PLACE);
        from = found.at + found.length;
        continue;
      }
      held = Buffer.from(all.subarray(open));
      pieces.push(all.subarray(from, open));
      return pieces.length === 1 ? (pieces[0] ?? all) : Buffer.concat(pieces);
    }
  };
  return {
    take: (bytes) => without(held.length === 0 ? bytes : Buffer.concat([held, bytes]), true),
    rest: () => without(held, false),
  };
}

/** The secret that begins first; of several there the longest. */
function first(all: Buffer, sought: readonly Buffer[], from: number) {
  let found: { at: number; length: number } | null = null;
  for (const secret of sought) {
    const at = all.indexOf(secret, from);
    if (at !== -1 && (found === null || at < found.at)) found = { at, length: secret.length };
  }
  return found;
}

/** Where the end of `all` begins that could go on as a secret; its end itself if there is none. */
function beginning(all: Buffer, sought: readonly Buffer[], from: number): number {
  let open = all.length;
  for (const secret of sought) {
    const earliest = Math.max(from, all.length - secret.length + 1);
    for (
      let at = all.indexOf(secret[0] ?? 0, earliest);
      at !== -1 && at < open;
      at = all.indexOf(secret[0] ?? 0, at + 1)
    )
      if (all.subarray(at).equals(secret.subarray(0, all.length - at))) open = at;
  }
  return open;
}
