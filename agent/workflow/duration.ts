/** Times as people write them. */
const UNITS = { "": 1000, ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** Milliseconds of `500ms`, `30`, `30s`, `10m`, `2h`; null if it is none. */
export function durationMs(text: string): number | null {
  const [, digits = "", unit = ""] = /^(\d{1,9})(ms|s|m|h|)$/.exec(text) ?? [];
  return digits === "" ? null : Number(digits) * UNITS[unit as keyof typeof UNITS];
}

/** Short, for a person. */
export function durationText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const rest = `${String(minutes).padStart(hours > 0 ? 2 : 1, "0")}m${String(seconds % 60).padStart(2, "0")}s`;
  return hours > 0 ? `${hours}h${rest}` : rest;
}
