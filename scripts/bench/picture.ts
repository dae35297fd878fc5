/** One picture: every promised figure as a share of what is promised, and how cost grows with size. SVG, no font but the reader's. */
import type { Curve, Figure } from "./report.ts";
import type { Saved } from "./saved.ts";

const WIDTH = 920;
const [ROW, TOP, LABELS, BARS] = [16, 44, 350, 200];
const [KEPT, MISSED, INK, FAINT] = ["#2f6f4f", "#b3402a", "#222", "#bbb"];
/** Shares are drawn up to this one. */
const MOST = 1.5;
/** The curves' own frame. */
const PLOT = { x: 620, y: TOP, width: 260, height: 260 };
const INKS = ["#2f6f4f", "#b3402a", "#3b5b92", "#8a6d1f", "#6b4a86"];

export function pictureOf(saved: Saved): string {
  const figures = Object.values(saved).flatMap(({ figures: own }) => own);
  const shares = figures.flatMap((figure) => {
    const share = shareOf(figure);
    return share === null ? [] : [{ name: figure.name, share }];
  });
  const curves = Object.values(saved).flatMap(({ curves: own = [] }) => own);
  const height = Math.max(TOP + ROW * shares.length + 24, PLOT.y + PLOT.height + 150);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="11" fill="${INK}">
<rect width="${WIDTH}" height="${height}" fill="#fff"/>
${text(12, 22, "Measured, as a share of what is promised (up to the line: kept)", 'font-weight="bold"')}
${shares.map(bar).join("\n")}
${line(xOf(1), TOP - 6, xOf(1), TOP + ROW * shares.length, INK)}
${curves.length === 0 ? "" : plot(curves)}
</svg>
`;
}

/** Null where nothing is promised, or only that there is none. */
function shareOf(figure: Figure): number | null {
  if ("atLeast" in figure) return figure.atLeast / figure.value;
  return figure.atMost === null || figure.atMost === 0 ? null : figure.value / figure.atMost;
}

const xOf = (share: number): number => LABELS + (BARS * Math.max(0, Math.min(MOST, share))) / MOST;

function bar({ name, share }: { name: string; share: number }, at: number): string {
  const y = TOP + ROW * at;
  const colour = share <= 1 ? KEPT : MISSED;
  return [
    text(LABELS - 6, y + 9, shortened(name), 'text-anchor="end"'),
    `<rect x="${LABELS}" y="${y}" width="${(xOf(share) - LABELS).toFixed(1)}" height="${ROW - 5}" fill="${colour}"/>`,
    text(Number(xOf(share).toFixed(1)) + 4, y + 9, share.toFixed(2)),
  ].join("");
}

const LONGEST = 58;
const shortened = (name: string): string =>
  name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name;

/** Both axes by powers of ten. */
function plot(curves: readonly Curve[]): string {
  const all = curves.flatMap(({ points }) => points);
  const [xs, ys] = [range(all.map(({ size }) => size)), range(all.map(({ ms }) => ms))];
  const at = (value: number, { from, to }: Range, length: number): number =>
    (length * (Math.log10(value) - from)) / (to - from);
  const x = (size: number): number => PLOT.x + at(size, xs, PLOT.width);
  const y = (ms: number): number => PLOT.y + PLOT.height - at(ms, ys, PLOT.height);
  const grid = [
    ...powers(xs).flatMap((power) => [
      line(x(power), PLOT.y, x(power), PLOT.y + PLOT.height, FAINT),
      text(x(power), PLOT.y + PLOT.height + 14, power.toLocaleString("en"), 'text-anchor="middle"'),
    ]),
    ...powers(ys).flatMap((power) => [
      line(PLOT.x, y(power), PLOT.x + PLOT.width, y(power), FAINT),
      text(PLOT.x - 4, y(power) + 4, power.toLocaleString("en"), 'text-anchor="end"'),
    ]),
  ];
  const drawn = curves.map(({ name, unit, points }, number) => {
    const ink = INKS[number % INKS.length];
    const path = points.map(({ size, ms }) => `${x(size).toFixed(1)},${y(ms).toFixed(1)}`);
    const below = PLOT.y + PLOT.height + 38 + number * ROW;
    return [
      `<polyline points="${path.join(" ")}" fill="none" stroke="${ink}" stroke-width="2"/>`,
      line(PLOT.x, below - 4, PLOT.x + 18, below - 4, ink ?? INK, 2),
      text(PLOT.x + 24, below, `${name}, by ${unit}`),
    ].join("");
  });
  return [
    text(PLOT.x - 30, 22, "Milliseconds, by size", 'font-weight="bold"'),
    ...grid,
    ...drawn,
  ].join("\n");
}

/** Exponents of ten. */
type Range = { from: number; to: number };

function range(values: readonly number[]): Range {
  const from = Math.floor(Math.log10(Math.min(...values)));
  return { from, to: Math.max(from + 1, Math.ceil(Math.log10(Math.max(...values)))) };
}

function powers({ from, to }: Range): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => 10 ** (from + at));
}

function line(x1: number, y1: number, x2: number, y2: number, ink: string, width = 1): string {
  const [a, b, c, d] = [x1, y1, x2, y2].map((value) => value.toFixed(1));
  return `<line x1="${a}" y1="${b}" x2="${c}" y2="${d}" stroke="${ink}" stroke-width="${width}"/>`;
}

function text(x: number, y: number, words: string, more = ""): string {
  const safe = words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${safe}</text>`;
}
