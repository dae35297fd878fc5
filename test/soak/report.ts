/** A soak's table, and for each violation what is needed to see it again. */
import type { Soaked } from "./run.ts";

const SHOWN = 10;
const LINES = 40;

export function reportOf({ findings, counts }: Soaked): string {
  const done = Object.entries(counts).toSorted(([one], [other]) => one.localeCompare(other));
  const rows = findings.map(({ invariant, host, flaws, figure }) => [
    flaws.length === 0 ? "holds" : "BROKEN",
    host,
    invariant,
    figure,
  ]);
  const table = rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd([7, 4, 24, 0][at] ?? 0))
      .join(" ")
      .trimEnd(),
  );
  const what = done.map(([name, count]) => `${name} ${count}`).join(", ");
  return `\ndone: ${what}\n\n${table.join("\n")}`;
}

/** Empty where all holds. */
export function violationsOf({ findings, story }: Soaked, seed: number): string {
  const broken = findings.filter(({ flaws }) => flaws.length > 0);
  if (broken.length === 0) return "";
  const hosts = [...new Set(broken.map(({ host }) => host))];
  const told = broken.map(({ invariant, host, flaws }) => {
    const more = flaws.length > SHOWN ? [`and ${flaws.length - SHOWN} more`] : [];
    return `${host}: ${invariant}\n${[...flaws.slice(0, SHOWN), ...more].map((flaw) => `  ${flaw}\n`).join("")}`;
  });
  const last = hosts.map((host) => {
    const lines = story.lines.filter((line) => line.host === host).slice(-LINES);
    return `the last of ${host}:\n${lines.map(({ text }) => `  ${text}\n`).join("")}`;
  });
  return `\nseed ${seed}\n${told.join("")}${last.join("")}`;
}
