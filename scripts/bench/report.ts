/** What a part of the bench has measured, and how it reads. */
import type { Spread } from "./quantile.ts";

/** `cpuMs`: processor time here; `thereMs`: on each host. */
type Sample = { name: string; peakMiB?: number; cpuMs?: number; thereMs?: number } & Spread;
/** `atMost` or `atLeast`: what the documentation promises; null where a figure is only reported. */
type Figure = { name: string; value: number } & ({ atMost: number | null } | { atLeast: number });
export type Report = { samples: Sample[]; figures: Figure[] };

export function reportText({ samples, figures }: Report): string {
  const number = (value: number): string => value.toFixed(2).padStart(8);
  const lines = samples.map(({ name, medianMs, p99Ms, peakMiB, cpuMs, thereMs }) => {
    const cpu = cpuMs === undefined ? "" : `  cpu ${number(cpuMs)} ms`;
    const there = thereMs === undefined ? "" : `  cpu of a host ${number(thereMs)} ms`;
    const peak = peakMiB === undefined ? "" : `  peak ${number(peakMiB)} MiB`;
    return `${name.padEnd(44)} median ${number(medianMs)} ms  p99 ${number(p99Ms)} ms${cpu}${there}${peak}`;
  });
  const figureLines = figures.map(
    (figure) => `${figure.name} = ${figure.value.toFixed(2)}${promiseText(figure)}`,
  );
  return [...lines, ...figureLines, ""].join("\n");
}

function promiseText(figure: Figure): string {
  const bound = "atLeast" in figure ? figure.atLeast : figure.atMost;
  if (bound === null) return "";
  const [words, kept] =
    "atLeast" in figure ? ["at least", figure.value >= bound] : ["at most", figure.value <= bound];
  return `  (${words} ${Number(bound.toFixed(2))}: ${kept ? "yes" : "NO"})`;
}
