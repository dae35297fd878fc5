/** What measure.pl has said of commands that ran in turn. */
import { fileURLToPath } from "node:url";

export const MEASURE = fileURLToPath(new URL("measure.pl", import.meta.url));

export type Measured = { ms: number[]; peakMiB: number };

/** In the order of the commands; throws where one failed or has not run. */
export function measuredIn(text: string, commands: readonly (readonly string[])[]): Measured[] {
  const found = commands.map((): Measured => ({ ms: [], peakMiB: 0 }));
  for (const line of text.trimEnd().split("\n")) {
    const [number = Number.NaN, us = 0, kib = 0, status] = line.split(" ").map(Number);
    const one = found[number];
    if (one === undefined || status !== 0)
      throw new Error(`${commands[number]?.join(" ")}: status ${status}`);
    one.ms.push(us / 1000);
    one.peakMiB = Math.max(one.peakMiB, kib / 1024);
  }
  if (found.some(({ ms }) => ms.length === 0)) throw new Error("not all were measured");
  return found;
}
