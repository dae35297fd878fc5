/** What a part of the bench has measured, and how it reads. */
import type { Spread } from "./quantile.ts";

/** `cpuMs`: processor time here; `thereMs`: on each host. */
type Sample = { name: string; peakMiB?: number; cpuMs?: number; thereMs?: number } & Spread;
/** `atMost` or `atLeast`: what the documentation promises; null where a figure is only reported. */
export type Figure = { name: string; value: number } & (
  | { atMost: number | null }
  | { atLeast: number }
);
/** How cost grows: the median for each size. */
export type Curve = { name: string; unit: string; points: { size: number; ms: number }[] };
export type Report = { samples: Sample[]; figures: Figure[]; curves?: Curve[] };

export function reportText({ samples, figures, curves = [] }: Report): string {
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
  const curveLines = curves.map(({ name, unit, points }) => {
    const each = points.map(({ size, ms }) => `${size} ${unit}: ${ms.toFixed(1)} ms`);
    return `${name}: ${each.join(", ")}`;
  });
  return [...lines, ...figureLines, ...curveLines, ""].join("\n");
}

function promiseText(figure: Figure): string {
  const bound = "atLeast" in figure ? figure.atLeast : figure.atMost;
  if (bound === null) return "";
  const [words, kept] =
    "atLeast" in figure ? ["at least", figure.value >= bound] : ["at most", figure.value <= bound];
  return `  (${words} ${Number(bound.toFixed(2))}: ${kept ? "yes" : "NO"})`;
}
