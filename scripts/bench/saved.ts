/**
 * What was measured, kept beside the documentation: bench.json, and made from it alone a table and a picture. A part
 * that is measured anew takes the place of what was there of it; the others stay.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { pictureOf } from "./picture.ts";
import type { Report } from "./report.ts";
import { tableOf } from "./table.ts";

/** By the names of the parts, in the order in which they are shown. `on`: what it was measured on. */
export type Saved = Record<string, Report & { on: { date: string; processors: number } }>;

export function save(folder: string, reports: Readonly<Record<string, Report>>): void {
  const file = join(folder, "bench.json");
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Saved) : {};
  const on = { date: new Date().toISOString().slice(0, 10), processors: availableParallelism() };
  const measured = Object.entries(reports).map(([name, report]) => [name, { ...report, on }]);
  const saved = { ...before, ...(Object.fromEntries(measured) as Saved) };
  writeFileSync(file, `${JSON.stringify(saved, rounded, 1)}\n`);
  const kept = JSON.parse(readFileSync(file, "utf8")) as Saved;
  writeFileSync(join(folder, "bench.md"), tableOf(kept));
  writeFileSync(join(folder, "bench.svg"), pictureOf(kept));
}

/** Four digits are more than any of them is worth. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value)
    ? Number(value.toPrecision(4))
    : value;
}
