/** `sallyport exec --status`: how this user's sandboxes do, and the newest of them. */
import { escapeLine } from "../escape.ts";
import { openRecords, type SandboxNumbers } from "../sandbox/records.ts";
import type { SandboxRecord } from "../sandbox/record.ts";
import { stateFolder } from "../workflow/state-folder.ts";
import { fail } from "./errors.ts";
import { tableText } from "./table.ts";

const NEWEST = 10;

export function showStatus(json: boolean): void {
  const records = openRecords(stateFolder(process.env), () => undefined);
  if ("flaw" in records) {
    return fail({ code: "no_store", cause: records.flaw, hint: null, status: 71 }, { json });
  }
  try {
    // So that what nobody runs any more does not count as running.
    const ended = records.sweep();
    const numbers = records.numbers();
    const newest = records.list(NEWEST);
    if (json) {
      const data = { kind: "sandbox-status", ...numbers, orphansEnded: ended, newest };
      process.stdout.write(`${JSON.stringify({ v: 1, success: true, data, error: null })}\n`);
      return;
    }
    process.stdout.write(numbersText(numbers, ended));
    if (newest.length > 0) process.stdout.write(`\n${tableText([HEAD, ...newest.map(rowOf)])}`);
  } finally {
    records.close();
  }
}

function numbersText(numbers: SandboxNumbers, ended: number): string {
  const { running, oldestMs, averageMs, total, ...ends } = numbers;
  const oldest = oldestMs === null ? "" : `, the oldest for ${seconds(oldestMs)}`;
  const results = Object.entries(ends).map(([result, number]) => `${number} ${result}`);
  const lines = [
    `running  ${running}${oldest}`,
    `total    ${total}: ${results.join(", ")}`,
    `average  ${averageMs === null ? "none has ended" : seconds(averageMs)}`,
    ...(ended === 0 ? [] : [`ended    ${ended} that had outlived what started them`]),
  ];
  return `${lines.join("\n")}\n`;
}

const HEAD = ["STARTED", "BY", "LANGUAGE", "RESULT", "TIME", "PROCESSES", "MEMORY", "CPU", "CODE"];

function rowOf(record: SandboxRecord): string[] {
  const { started, by, language, result, digest } = record;
  const peak = "peak" in record ? record.peak : null;
  const durationMs = "durationMs" in record ? record.durationMs : null;
  const code = "code" in record && record.code !== "" ? ` (${record.code})` : "";
  return [
    started,
    escapeLine(by),
    language,
    `${result}${code}`,
    durationMs === null ? "-" : seconds(durationMs),
    peak === null ? "-" : String(peak.processes),
    peak === null ? "-" : `${Math.ceil(peak.memoryBytes / 1_048_576)} MiB`,
    peak === null ? "-" : seconds(peak.cpuMs),
    digest.slice(0, 12),
  ];
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 0)} s`;
}
