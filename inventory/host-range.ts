/** `web[01:20]`, `db-[a:f]` and `n[1:9:2]`, as Ansible expands them in the names of hosts. */

const RANGE = /\[([0-9]+|[A-Za-z]):([0-9]+|[A-Za-z])(?::([0-9]+))?\]/;
/** More hosts than this in one pattern is a slip of the pen. */
const MOST = 100_000;

/** All names of a pattern, in order; one without a range is its only name. Null: a range that is none. */
export function expandRange(pattern: string): string[] | null {
  const found = RANGE.exec(pattern);
  // An address of IPv6 in brackets is no range; whatever else is in brackets is a broken one.
  if (found === null)
    return /[[\]]/.test(pattern) && !/^\[[0-9A-Fa-f:]+\]/.test(pattern) ? null : [pattern];
  const [whole, first = "", last = "", step = "1"] = found;
  const middles = between(first, last, Number(step));
  const tails = expandRange(pattern.slice(found.index + whole.length));
  if (middles === null || tails === null || middles.length * tails.length > MOST) return null;
  const head = pattern.slice(0, found.index);
  return middles.flatMap((middle) => tails.map((tail) => `${head}${middle}${tail}`));
}

function between(first: string, last: string, step: number): string[] | null {
  if (step < 1) return null;
  const digits = /^[0-9]/.test(first);
  if (digits !== /^[0-9]/.test(last)) return null;
  // A leading zero asks for names of one width.
  const width = digits && first.startsWith("0") && first.length > 1 ? first.length : 0;
  if (width > 0 && last.length !== width) return null;
  const [from, to] = digits
    ? [Number(first), Number(last)]
    : [first.charCodeAt(0), last.charCodeAt(0)];
  if (from > to || (to - from) / step > MOST) return null;
  const names: string[] = [];
  for (let at = from; at <= to; at += step)
    names.push(digits ? String(at).padStart(width, "0") : String.fromCharCode(at));
  return names;
}
