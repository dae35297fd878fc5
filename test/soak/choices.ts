/** What a seed decides: the same seed gives the same choices in the same order, whatever comes of them. */

export type Choices = {
  /** A whole number from `from` up to and with `to`. */
  between: (from: number, to: number) => number;
  one: <T>(of: readonly T[]) => T;
  /** One of those that have a weight, by their weights. */
  weighted: <Name extends string>(weights: Readonly<Record<Name, number>>) => Name;
};

/** mulberry32: 32 bits of state, good enough to choose with. `stream` sets apart those who choose side by side. */
export function choices(seed: number, stream: number): Choices {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b)) >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1));
  const one = <T>(of: readonly T[]): T => {
    const found = of[between(0, of.length - 1)];
    if (found === undefined) throw new Error("nothing to choose from");
    return found;
  };
  const weighted = <Name extends string>(weights: Readonly<Record<Name, number>>): Name => {
    const rows = Object.entries<number>(weights) as [Name, number][];
    let at = next() * rows.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [name, weight] of rows) if ((at -= weight) < 0) return name;
    return one(rows)[0];
  };
  return { between, one, weighted };
}
