/** What a part of the bench has measured, and how it reads. */
import type { Spread } from "./quantile.ts";

type Sample = { name: string; peakMiB?: number } & Spread;
/** `atMost`: what the documentation promises; null where a figure is only reported. */
type Figure = { name: string; value: number; atMost: number | null };
export type Report = { samples: Sample[]; figures: Figure[] };

export function reportText({ samples, figures }: Report): string {
  const number = (value: number): string => value.toFixed(2).padStart(8);
  const lines = samples.map(({ name, medianMs, p99Ms, peakMiB }) => {
    const peak = peakMiB === undefined ? "" : `  peak ${number(peakMiB)} MiB`;
    return `${name.padEnd(44)} median ${number(medianMs)} ms  p99 ${number(p99Ms)} ms${peak}`;
  });
  return [
    ...lines,
    ...figures.map(({ name, value, atMost }) => {
      const promise =
        atMost === null
          ? ""
          : `  (at most ${Number(atMost.toFixed(2))}: ${value <= atMost ? "yes" : "NO"})`;
      return `${name} = ${value.toFixed(2)}${promise}`;
    }),
    "",
  ].join("\n");
}
