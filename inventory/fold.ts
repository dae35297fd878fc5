/** Many names of hosts as few words: `web01,web02,web03,db` is `db,web[01-03]`. */

/** In the order of their names; each range has at least two. */
export function fold(names: readonly string[]): string {
  const bases = new Map<string, { width: number; numbers: number[] }>();
  const alone: string[] = [];
  for (const name of new Set(names)) {
    // The last number counts: web01.example.org has its number in the middle.
    const [, head = "", number, tail = ""] = /^(.*?)(\d+)(\D*)$/.exec(name) ?? [];
    if (number === undefined || number.length > 9) alone.push(name);
    else {
      const width = number.startsWith("0") ? number.length : 0;
      const key = JSON.stringify([head, tail, width]);
      const base = bases.get(key) ?? { width, numbers: [] };
      base.numbers.push(Number(number));
      bases.set(key, base);
    }
  }
  const ranges = [...bases].map(([key, { width, numbers }]) => {
    const [head = "", tail = ""] = JSON.parse(key) as string[];
    const parts = runs(numbers).map(([from, to]) => {
      const text = (number: number): string => String(number).padStart(width, "0");
      return from === to ? text(from) : `${text(from)}-${text(to)}`;
    });
    const single = parts.length === 1 && !parts[0]?.includes("-");
    return `${head}${single ? parts[0] : `[${parts.join(",")}]`}${tail}`;
  });
  return [...alone, ...ranges].toSorted().join(",");
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
