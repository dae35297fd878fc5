/** Many names of hosts as few words: `web01,web02,web03,db` is `db,web[01-03]`. */

/** In the order of their names; each range has at least two. As a pattern (select.ts) it means these names. */
export function fold(names: readonly string[]): string {
  const alone: string[] = [];
  const numbered = [...new Set(names)].flatMap((name) => {
    // The last number counts: web01.example.org has its number in the middle. Those of IPv6 are in base 16.
    const [, head = "", number, tail = ""] = /^([^:[\]]*?)(\d{1,9})([^\d:[\]]*)$/.exec(name) ?? [];
    if (number !== undefined && !/\d$/.test(head)) return [{ head, number, tail }];
    alone.push(name);
    return [];
  });
  const keyOf = (head: string, tail: string, width: number): string =>
    JSON.stringify([head, tail, width]);
  const padded = new Set(
    numbered
      .filter(({ number }) => isPadded(number))
      .map(({ head, number, tail }) => keyOf(head, tail, number.length)),
  );
  const bases = Map.groupBy(numbered, ({ head, number, tail }) => {
    // 10 follows 09, and so it does 9.
    const key = keyOf(head, tail, number.length);
    return padded.has(key) ? key : keyOf(head, tail, 0);
  });
  const ranges = [...bases].map(([key, members]) => {
    const [head, tail, width] = JSON.parse(key) as [string, string, number];
    const parts = runs(members.map(({ number }) => Number(number))).map(([from, to]) => {
      const text = (number: number): string => String(number).padStart(width, "0");
      return from === to ? text(from) : `${text(from)}-${text(to)}`;
    });
    const single = parts.length === 1 && !parts[0]?.includes("-");
    return `${head}${single ? parts[0] : `[${parts.join(",")}]`}${tail}`;
  });
  return [...alone, ...ranges].toSorted().join(",");
}

function isPadded(number: string): boolean {
  return number.length > 1 && number.startsWith("0");
}

function runs(numbers: readonly number[]): [from: number, to: number][] {
  const found: [number, number][] = [];
  for (const number of numbers.toSorted((one, other) => one - other)) {
    const last = found.at(-1);
    if (last !== undefined && number === last[1] + 1) last[1] = number;
    else found.push([number, number]);
  }
  return found;
}
