/** Everything that was measured, as Markdown: what is promised first, then how long each thing took. */
import type { Figure } from "./report.ts";
import type { Saved } from "./saved.ts";

export function tableOf(saved: Saved): string {
  const parts = Object.entries(saved).map(([name, { figures, samples, curves = [], on }]) =>
    [
      `## ${name}`,
      `Measured on ${on.date}, ${on.processors} processors.`,
      table(
        ["figure", "measured", "promised", "kept"],
        figures.map((figure) => [figure.name, number(figure.value), ...promise(figure)]),
      ),
      table(
        ["what", "median, ms", "p99, ms", "processor, ms", "peak, MiB"],
        samples.map((sample) => [
          sample.name,
          ...[sample.medianMs, sample.p99Ms, sample.cpuMs, sample.peakMiB].map(number),
        ]),
      ),
      ...curves.map(({ name: what, unit, points }) =>
        table(
          [unit, `${what}, ms`],
          points.map(({ size, ms }) => [size.toLocaleString("en"), number(ms)]),
        ),
      ),
    ]
      .filter((text) => text !== "")
      .join("\n\n"),
  );
  return `${HEAD}\n\n${parts.join("\n\n")}\n`;
}

const HEAD = `# Measured

Made by \`npm run bench -- --save docs\`, part by part, from [bench.json](bench.json). Each figure and what it
is compared with were measured side by side in one run on one host: the ratios mean the same elsewhere, the
milliseconds do not. What is promised and not kept says **no**.`;

function table(head: readonly string[], rows: readonly string[][]): string {
  if (rows.length === 0) return "";
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function number(value: number | undefined): string {
  if (value === undefined) return "";
  return value.toLocaleString("en", { maximumFractionDigits: value < 100 ? 2 : 0 });
}

/** What is promised, and whether it is kept. */
function promise(figure: Figure): [string, string] {
  const [words, bound] =
    "atLeast" in figure
      ? (["at least", figure.atLeast] as const)
      : (["at most", figure.atMost] as const);
  if (bound === null) return ["", ""];
  const kept = "atLeast" in figure ? figure.value >= bound : figure.value <= bound;
  return [`${words} ${number(bound)}`, kept ? "yes" : "**no**"];
}
